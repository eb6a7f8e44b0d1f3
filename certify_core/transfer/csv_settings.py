"""What a row of Certify The Web means here: settings of a managed certificate, and what of the row has no meaning.

    siteid, deploymentsiteoption, performautomatedcertbinding   the deployment to IIS
    name, domains, primarydomain                                the same here
    includeinautorenew                                          automatic renewal

All other columns are done otherwise here, or to be done by hand: that is told and never silently left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from certify_core.domain.identifiers import parse_identifier
from certify_core.domain.settings import CertificateSettings, DeploymentSettings, RenewalSettings
from certify_core.errors import InvalidInput
from certify_core.transfer.csv_rows import Fault, Row

AUTO, SINGLE_SITE, ALL_SITES, STORE_ONLY, NO_DEPLOYMENT = "5", "10", "20", "30", "40"
OPTIONS = {AUTO: "auto", SINGLE_SITE: "single site", ALL_SITES: "all sites", STORE_ONLY: "store", NO_DEPLOYMENT: "none"}
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}
NOTES = {
    "performautoconfig": "nothing is configured here: http-01 has a listener of its own",
    "performchallengefilecopy": "http-01 has a listener of its own; files are written with --challenge webroot",
    "performextensionlessconfigchecks": "every answer is looked at before the authority is told",
    "performtlssnibindingconfigchecks": "tls-sni-01 is no more",
    "enablefailurenotifications": "people are told by channels: certify notify add",
}
"""Columns that need no counterpart, and why; told once."""
BY_HAND = {
    "prerequestpowershellscript": "nothing is run before a request",
    "postrequestpowershellscript": "the script is not run: the deployment `files` has a reload command",
    "webhookurl": "the webhook is not called: have people and programs told by a channel (certify notify add)",
}
"""Columns whose values somebody has to do something about; told for every row that has one."""
_OF_WEBHOOK = {"webhooktrigger", "webhookmethod", "webhookcontenttype", "webhookcontentbody"}
_BOOLEANS = (*NOTES, "includeinautorenew", "performautomatedcertbinding")


class RowRefused(Exception):
    """A row cannot be understood; carries all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a row means."""

    name: str
    identifiers: tuple[str, ...]
    """In canonical form, the primary one first, each once."""
    automatic: bool
    deployments: tuple[DeploymentSettings, ...]
    notes: tuple[str, ...]


def meaning_of(row: Row) -> Meaning:
    """Return what a row means here.

    Raises:
        RowRefused: something in it is wrong.
    """
    faults: list[Fault] = []
    identifiers, notes = _identifiers(row, faults)
    flags = {name: _flag(row, name, faults) for name in _BOOLEANS}
    deployments = _deployments(row, binds=flags["performautomatedcertbinding"], faults=faults)
    if faults:
        raise RowRefused(faults)
    notes += [f"{name}: {why}." for name, why in BY_HAND.items() if row.values.get(name)]
    return Meaning(row.values.get("name", ""), identifiers, flags["includeinautorenew"], deployments, tuple(notes))


def settings_of(meaning: Meaning, authority: str, ca_bundle: str | None, *, deploy: bool) -> CertificateSettings:
    """Return the settings for a row; nothing is requested before somebody asks."""
    return CertificateSettings(
        name=meaning.name,
        identifiers=meaning.identifiers,
        authority=authority,
        ca_bundle=ca_bundle,
        deployments=meaning.deployments if deploy else (),
        renewal=RenewalSettings(automatic=meaning.automatic, begins="when-asked"),
    )


def notes_on_columns(columns: Iterable[str]) -> list[str]:
    """Return which columns of a file have no meaning here, and why."""
    told = [f"{name}: {NOTES[name]}." for name in columns if name in NOTES]
    webhook = sorted(_OF_WEBHOOK.intersection(columns))
    return [*told, f"{', '.join(webhook)}: as webhookurl."] if webhook else told


def _identifiers(row: Row, faults: list[Fault]) -> tuple[tuple[str, ...], list[str]]:
    found: list[str] = []
    notes: list[str] = []
    for text in filter(None, (part.strip() for part in row.values["domains"].split(";"))):
        identifier = _identifier(row, "domains", text, faults)
        if identifier in found:
            notes.append(f"{identifier} is there twice.")
        elif identifier is not None:
            found.append(identifier)
    if not found and not faults:
        faults.append(row.fault("domains", "There is no domain.", "Give at least one, several with semicolons."))
    primary = row.values.get("primarydomain", "")
    first = _identifier(row, "primarydomain", primary, faults) if primary else None
    if first is not None and first not in found:
        faults.append(row.fault("primarydomain", f"{primary} is none of the domains.", "Add it to the domains."))
    return tuple(sorted(found, key=lambda identifier: identifier != first)), notes


def _identifier(row: Row, column: str, text: str, faults: list[Fault]) -> str | None:
    try:
        return parse_identifier(text, field=column).value
    except InvalidInput as error:
        faults.append(row.fault(column, error.cause, error.remedy))
        return None


def _flag(row: Row, name: str, faults: list[Fault]) -> bool:
    text = row.values.get(name, "").lower()
    if text and text not in _TRUE | _FALSE:
        faults.append(row.fault(name, f"{text!r} is neither true nor false.", "Write true or false."))
    return text not in _FALSE


def _deployments(row: Row, *, binds: bool, faults: list[Fault]) -> tuple[DeploymentSettings, ...]:
    site = row.values.get("siteid", "").lower()
    if site and site != "auto" and not site.isdecimal():
        remedy = "Give the number of an IIS site, or auto. If this row is a header, it lacks the column domains."
        faults.append(row.fault("siteid", f"{site!r} is neither a number nor auto.", remedy))
    has_site = site.isdecimal() and site != "0"
    option = row.values.get("deploymentsiteoption", "") or (SINGLE_SITE if has_site else AUTO)
    if option not in OPTIONS:
        known = ", ".join(f"{number} ({meaning})" for number, meaning in OPTIONS.items())
        faults.append(row.fault("deploymentsiteoption", f"There is no option {option!r}.", f"Known: {known}."))
    if option == SINGLE_SITE and not has_site:
        faults.append(row.fault("siteid", "A single site is wanted, and it has no number.", f"Give it, or {AUTO}."))
    if option == NO_DEPLOYMENT:
        return ()
    parameters: dict[str, JsonValue] = {}
    if option == STORE_ONLY or not binds:
        parameters["mode"] = "store-only"
    elif option == SINGLE_SITE:
        parameters["sites"] = site
    return (DeploymentSettings(target="iis", parameters=parameters),)
