"""What becomes of a record, seen beside what is here under the same name: pure functions.

Nothing is ever given another name or place, and what somebody has changed here is not overwritten unless he says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from certify_core.domain.certificate import Issued
from certify_core.domain.settings import CertificateSettings
from certify_core.transfer.records import (
    AccountRecord,
    AuthorityRecord,
    CertificateRecord,
    ChannelRecord,
    CredentialRecord,
    TokenRecord,
)
from certify_core.transfer.report import Fate

Verdict = tuple[Fate, str, str]
"""Fate, detail and remedy."""
CREATE: Verdict = (Fate.CREATE, "", "")
UNCHANGED: Verdict = (Fate.UNCHANGED, "", "")
REPLACE = "Import with --replace to have what is in the file, or keep what is here."


def compare_files(where: str, theirs: object, here: object | None) -> Verdict:
    """Compare what is in a plugin's folder, or in a file outside of the data folder: neither is ever overwritten."""
    if here is None:
        return CREATE
    if theirs == here:
        return UNCHANGED
    return Fate.CONFLICT, f"Another {where} is here.", "Move it away if it is not needed, then import again."


def compare_setting(theirs: JsonValue, here: JsonValue, *, replace: bool) -> Verdict:
    """Compare a setting of the service; None is one that is not set."""
    if here is None:
        return Fate.CREATE, "It holds from the next start.", ""
    return UNCHANGED if theirs == here else _otherwise("Other here.", replace=replace)


def compare_settings(
    record: AuthorityRecord | CredentialRecord | ChannelRecord,
    here: AuthorityRecord | CredentialRecord | ChannelRecord | None,
    *,
    replace: bool,
) -> Verdict:
    """Compare an authority, a credential or a channel."""
    if here is None:
        return CREATE
    differing = differences(record.settings, here.settings)
    if not differing:
        return UNCHANGED
    return _otherwise(f"Other here: {', '.join(differing)}.", replace=replace)


def compare_account(record: AccountRecord, here: AccountRecord | None, *, replace: bool) -> Verdict:
    """Compare an account with the one at the same directory."""
    if here is None:
        return CREATE
    if record.key_pem != here.key_pem:
        what = f"Another account is here: {here.url}." if here.url else "Another account's key is here."
        return _otherwise(what, replace=replace or here.url is None)
    return UNCHANGED if here.url or not record.url else (Fate.CHANGE, "What the authority said of it is known.", "")


@dataclass(frozen=True, slots=True)
class Here:
    """What there is of a managed certificate that is compared with a record."""

    settings: CertificateSettings
    issued: Issued | None
    running: bool
    """Whether it is just being requested."""


def compare_token(record: TokenRecord, now: float, *, is_here: bool) -> Verdict:
    """Compare an access token; one that was revoked here and is in an older file would open again, so that is told."""
    if is_here:
        return UNCHANGED
    if record.expires_at <= now:
        return Fate.UNCHANGED, "It has expired.", ""
    return Fate.CREATE, f"It opens the API to who has it, with the role {record.role}.", ""


def compare_certificate(record: CertificateRecord, here: Here | None, *, replace: bool) -> Verdict:
    """Compare a managed certificate with the one of the same id."""
    if here is None:
        return CREATE
    differing = differences(record.settings, here.settings)
    newer = is_newer(record.issued, here.issued)
    if differing and not replace:
        return _otherwise(f"Other settings here: {', '.join(differing)}.", replace=False)
    if not differing and not newer:
        older = record.issued is not None and here.issued is not None and record.issued.id != here.issued.id
        return Fate.UNCHANGED, "The one here is newer." if older else "", ""
    if here.running:
        return Fate.CONFLICT, "It is just being requested here.", "Import again when that is over."
    parts = [f"Settings: {', '.join(differing)}."] if differing else []
    parts += [f"A newer certificate: {record.issued.serial}."] if newer and record.issued else []
    return Fate.CHANGE, " ".join(parts), ""


def is_newer(theirs: Issued | None, ours: Issued | None) -> bool:
    """Whether the certificate of a file is to take the place of the one here."""
    if theirs is None or ours is None:
        return theirs is not None
    if theirs.id == ours.id:
        return theirs.is_revoked and not ours.is_revoked
    return theirs.not_before > ours.not_before


def differences(one: BaseModel, other: BaseModel) -> list[str]:
    """Return the names of the fields in which two settings differ; their values may be secret."""
    theirs, ours = one.model_dump(), other.model_dump()
    return [name for name in theirs if theirs[name] != ours[name]]


def _otherwise(what: str, *, replace: bool) -> Verdict:
    return (Fate.CHANGE, what, "") if replace else (Fate.CONFLICT, what, REPLACE)
