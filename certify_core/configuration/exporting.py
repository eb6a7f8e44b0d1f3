"""Everything that is wanted, as the files that would make it: one document in each, and no secret in any.

Stored credentials stay references to them. In the place of every other secret is an environment variable, which has to
be set where the files are applied; a comment at the top of the file says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from certify_core.configuration.documents import Kind
from certify_core.configuration.sources import ExportedFile
from certify_core.configuration.writing import as_yaml
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.engine.parameters import opened
from certify_core.store import Account

FOLDERS = {
    Kind.AUTHORITY: "authorities",
    Kind.ACCOUNT: "accounts",
    Kind.CREDENTIAL: "credentials",
    Kind.CERTIFICATE: "certificates",
}
LONGEST_NAME = 100
"""Characters of a file's name, besides its ending."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows gives to no file."""


@dataclass(slots=True)
class _Exported:
    """A document being written."""

    kind: Kind
    name: str
    content: dict[str, Any]
    taken: set[str]
    """Variables of all documents."""
    variables: dict[str, str] = field(default_factory=dict)
    """Environment variables, and what each is for."""


def export(engine: Engine) -> list[ExportedFile]:
    """Return all files."""
    return [_file(document, path) for document, path in _with_paths(_documents(engine, set()))]


def _documents(engine: Engine, taken: set[str]) -> Iterator[_Exported]:
    for authority in engine.store.authorities.all():
        wanted = authority.model_dump(mode="json", include=set(AuthoritySettings.model_fields), exclude_defaults=True)
        yield _Exported(Kind.AUTHORITY, authority.id, {"name": authority.id, **wanted}, taken)
    for account in engine.store.accounts.all():
        if account.url is not None and not account.deactivating:
            yield _account(engine, account, taken)
    for credential in engine.store.credentials.all():
        wanted = credential.model_dump(mode="json", include=set(CredentialSettings.model_fields), exclude_defaults=True)
        document = _Exported(Kind.CREDENTIAL, credential.id, {"name": credential.id, **wanted}, taken)
        _hide(engine, document, "", wanted)
        yield document
    named = list(engine.store.inspection.wanted())
    often = Counter(settings.title for _, settings in named)
    for certificate_id, settings in sorted(named, key=lambda item: (item[1].title, item[0])):
        title = settings.title if often[settings.title] == 1 else f"{settings.title} ({certificate_id})"
        yield _certificate(engine, title, settings, taken)


def _certificate(engine: Engine, name: str, settings: CertificateSettings, taken: set[str]) -> _Exported:
    content = {"name": name, **settings.model_dump(mode="json", exclude_defaults=True, exclude={"name"})}
    document = _Exported(Kind.CERTIFICATE, name, content, taken)
    if "challenge" in content:
        _hide(engine, document, "challenge", content["challenge"])
    for place in content.get("deployments", ()):
        _hide(engine, document, f"deployment {place['target']}", place)
    return document


def _account(engine: Engine, account: Account, taken: set[str]) -> _Exported:
    ids = engine.account_admin.authority_ids(account.directory)
    name = ids[0] if ids else account.directory
    content: dict[str, Any] = {"authority": name}
    if account.contact:
        content["contact"] = [address.removeprefix("mailto:") for address in account.contact]
    if not ids and account.ca_bundle:
        content["ca_bundle"] = account.ca_bundle
    document = _Exported(Kind.ACCOUNT, name, content, taken)
    if account.eab_kid:
        key = _variable(document, "the HMAC key of the external account binding", "eab_hmac_key")
        content["eab"] = {"kid": account.eab_kid, "hmac_key": key}
    return document


def _hide(engine: Engine, document: _Exported, where: str, holder: dict[str, Any]) -> None:
    """Put references in the place of a holder's sealed parameters."""
    sealed: dict[str, JsonValue] = holder.get("parameters", {})
    readable = opened(engine.store.vault, sealed)
    for name, value in sealed.items():
        if readable[name] != value:
            holder["parameters"] = {**holder["parameters"], name: _hidden(document, where, name, readable[name])}
    if "parameters" in holder and where == "":
        document.content["parameters"] = holder["parameters"]


def _hidden(document: _Exported, where: str, name: str, secret: JsonValue) -> JsonValue:
    """Return a secret with references for all texts in it: it may be a list of several."""
    if isinstance(secret, dict):
        return {key: _hidden(document, where, f"{name}_{key}", item) for key, item in secret.items()}
    if isinstance(secret, list):
        return [_hidden(document, where, f"{name}_{index}", item) for index, item in enumerate(secret)]
    what = f"{name} of {where}" if where else name
    return _variable(document, what, f"{where}_{name}") if isinstance(secret, str) else secret


def _variable(document: _Exported, what: str, name: str) -> JsonValue:
    """Return a reference to an environment variable that no other secret has."""
    base = _word(f"CERTIFY_SECRET_{document.kind}_{document.name}_{name}").upper()
    variable, number = base, 1
    while variable in document.taken:
        number += 1
        variable = f"{base}_{number}"
    document.taken.add(variable)
    document.variables[variable] = what
    return {"from": "environment", "name": variable}


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")


def _with_paths(documents: Iterator[_Exported]) -> Iterator[tuple[_Exported, str]]:
    taken: set[str] = set()
    for document in documents:
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", document.name)[:LONGEST_NAME].rstrip(".") or "_"
        if base.startswith(".") or _RESERVED.fullmatch(base):
            base = f"_{base}"
        path, number = f"{FOLDERS[document.kind]}/{base}.yaml", 1
        while path.lower() in taken:  # many file systems take names in other letters for the same
            number += 1
            path = f"{FOLDERS[document.kind]}/{base}-{number}.yaml"
        taken.add(path.lower())
        yield document, path


def _file(document: _Exported, path: str) -> ExportedFile:
    comments = [f"Set {variable} where this is applied: {what}." for variable, what in document.variables.items()]
    content = {"kind": document.kind.value, **document.content}
    return ExportedFile(path=path, text=as_yaml(content, comments))
