"""Short ways to write sites, bindings and wishes in tests, and what a plan makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from certify_iis.bindings import (
    NO_CERTIFICATE,
    Binding,
    BindingChange,
    Certificate,
    Change,
    FtpChange,
    Site,
)
from certify_iis.configuration import read_sites
from certify_iis.options import Wanted

NEW = Certificate("A" * 40, "My")
OLD = Certificate("B" * 40, "My")
FOREIGN = Certificate("C" * 40, "WebHosting")
CONFIGURATIONS = Path(__file__).parent / "configurations"


def configuration(name: str, certificates: dict[str, Certificate] | None = None) -> list[Site]:
    """Return the sites of one of the configurations beside this file."""
    return read_sites(CONFIGURATIONS / f"{name}.config", certificates)


def http(information: str) -> Binding:
    """Return a binding without a certificate."""
    return Binding("http", information)


def https(information: str, flags: int = 0, certificate: Certificate = NO_CERTIFICATE) -> Binding:
    """Return a binding with a certificate."""
    return Binding("https", information, flags, certificate)


def site(*bindings: Binding, number: int = 1, started: bool = True, ftp: Certificate = NO_CERTIFICATE) -> Site:
    """Return a site named after its number, which is its id."""
    return Site(number, f"Site {number}", bindings, started, ftp)


def wanted(*names: str, previous: Iterable[str] = ()) -> Wanted:
    """Return the wish for the new certificate with these names."""
    return Wanted(NEW, names, frozenset(previous))


def shown(changes: Iterable[Change]) -> list[str]:
    """Return what changes do, one line each, as `+*:443:app.test flags=1` and `~*:443:app.test`."""
    return [_shown(change) for change in changes]


def _shown(change: Change) -> str:
    if isinstance(change, FtpChange):
        return f"ftp {change.site_name}"
    if change.after is None:
        return f"-{change.before.information if change.before else ''}"
    flags = f" flags={change.after.flags}" if change.before is None or change.before.flags != change.after.flags else ""
    return f"{'~' if change.before else '+'}{change.after.information}{flags}"


def shown_by(sites: Iterable[Site]) -> dict[str, str]:
    """Return the thumbprint of every https binding by its information."""
    bindings = [binding for each in sites for binding in each.bindings if binding.is_https]
    return {binding.information: binding.certificate.thumbprint for binding in bindings}


def after(sites: Sequence[Site], changes: Iterable[Change]) -> list[Site]:
    """Return the sites as the changes leave them; http.sys shows one certificate for one endpoint."""
    bindings = {each.id: list(each.bindings) for each in sites}
    ftp = {each.id: each.ftp_certificate for each in sites}
    shared = {}
    for change in changes:
        if isinstance(change, FtpChange):
            ftp[change.site_id] = change.after
            continue
        _replace(bindings[change.site_id], change)
        if change.after and change.after.certificate:
            shared[change.after.endpoint] = change.after.certificate
    return [
        Site(each.id, each.name, tuple(_with(shared, one) for one in bindings[each.id]), each.started, ftp[each.id])
        for each in sites
    ]


def _replace(bindings: list[Binding], change: BindingChange) -> None:
    if change.before:
        bindings.remove(change.before)
    if change.after:
        bindings.append(change.after)


def _with(shared: dict[tuple[str, int], Certificate], binding: Binding) -> Binding:
    if not binding.is_https or binding.flags & 2 or binding.endpoint not in shared:
        return binding
    return Binding(binding.protocol, binding.information, binding.flags, shared[binding.endpoint])
