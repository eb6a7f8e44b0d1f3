"""What becomes of each thing in a file, seen beside what is here."""

from __future__ import annotations

from typing import Any

import pytest

from certify_core.domain.access import Role
from certify_core.domain.certificate import Issued
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.setbacks import NO_SETBACKS
from certify_core.domain.settings import CertificateSettings
from certify_core.transfer.comparing import (
    Here,
    compare_account,
    compare_certificate,
    compare_files,
    compare_settings,
    compare_token,
)
from certify_core.transfer.records import AccountRecord, CertificateRecord, CredentialRecord, TokenRecord
from certify_core.transfer.report import Fate
from tests.support.stores import DAY, NOW, issued_for, wanting

SETTINGS = wanting("a.test")
OTHER = wanting("a.test", "b.test")
OLD, NEW = issued_for(SETTINGS), issued_for(SETTINGS, at=NOW + 60 * DAY)


def record(settings: CertificateSettings = SETTINGS, issued: Issued | None = OLD) -> CertificateRecord:
    return CertificateRecord(
        id="c",
        settings=settings,
        created_at=NOW,
        updated_at=NOW,
        issued=issued,
        half=None,
        failure=None,
        failure_count=0,
        retry_at=None,
        setbacks=NO_SETBACKS,
        ari=None,
        assets=(),
        revocations=(),
    )


def here(settings: CertificateSettings = SETTINGS, issued: Issued | None = OLD, *, running: bool = False) -> Here:
    return Here(settings, issued, running)


CERTIFICATES: dict[str, tuple[CertificateRecord, Here | None, bool, Fate]] = {
    "what is not here is created": (record(), None, False, Fate.CREATE),
    "what is here already stays": (record(), here(), False, Fate.UNCHANGED),
    "a newer certificate takes the place of an older one": (record(issued=NEW), here(), False, Fate.CHANGE),
    "an older certificate never does": (record(), here(issued=NEW), False, Fate.UNCHANGED),
    "an older one does not even if it is asked for": (record(), here(issued=NEW), True, Fate.UNCHANGED),
    "a certificate comes where none was issued": (record(), here(issued=None), False, Fate.CHANGE),
    "none takes no certificate away": (record(issued=None), here(), False, Fate.UNCHANGED),
    "other settings are a conflict": (record(OTHER), here(), False, Fate.CONFLICT),
    "other settings come if they are asked for": (record(OTHER), here(), True, Fate.CHANGE),
    "what is being requested is left alone": (record(issued=NEW), here(running=True), False, Fate.CONFLICT),
    "what is being requested and the same is the same": (record(), here(running=True), False, Fate.UNCHANGED),
    "that it was revoked is learnt": (
        record(issued=OLD.model_copy(update={"revoked_at": NOW})),
        here(),
        False,
        Fate.CHANGE,
    ),
}


@pytest.mark.parametrize(("theirs", "ours", "replace", "fate"), CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_certificates(theirs: CertificateRecord, ours: Here | None, replace: bool, fate: Fate) -> None:
    assert compare_certificate(theirs, ours, replace=replace)[0] is fate


def test_what_differs_is_named_and_no_value_is_shown() -> None:
    _, detail, remedy = compare_certificate(record(OTHER), here(), replace=False)
    assert ("identifiers" in detail, "b.test" in detail, "--replace" in remedy) == (True, False, True)


def credential(password: str) -> CredentialRecord:
    return CredentialRecord(
        id="k", settings=CredentialSettings(provider="files", parameters={"pfx_password": password})
    )


@pytest.mark.parametrize(
    ("ours", "replace", "fate"),
    [
        (None, False, Fate.CREATE),
        (credential("a"), False, Fate.UNCHANGED),
        (credential("b"), False, Fate.CONFLICT),
        (credential("b"), True, Fate.CHANGE),
    ],
)
def test_credentials(ours: CredentialRecord | None, replace: bool, fate: Fate) -> None:
    assert compare_settings(credential("a"), ours, replace=replace)[0] is fate


def account(**others: Any) -> AccountRecord:
    plain = {"orders_url": None, "contact": (), "eab_kid": None, "ca_bundle": None, "next_key_pem": None}
    known = {"id": "a", "directory": "https://ca.test", "key_pem": "one", "created_at": NOW, "url": "https://ca.test/1"}
    return AccountRecord(**{**plain, **known, "deactivating": False, **others})


@pytest.mark.parametrize(
    ("ours", "replace", "fate"),
    [
        (None, False, Fate.CREATE),
        (account(), False, Fate.UNCHANGED),
        (account(url=None), False, Fate.CHANGE),
        (account(key_pem="other"), False, Fate.CONFLICT),
        (account(key_pem="other"), True, Fate.CHANGE),
        # Nobody at the authority knows it yet: there is nothing to lose.
        (account(key_pem="other", url=None), False, Fate.CHANGE),
    ],
)
def test_accounts(ours: AccountRecord | None, replace: bool, fate: Fate) -> None:
    assert compare_account(account(), ours, replace=replace)[0] is fate


@pytest.mark.parametrize(
    ("ours", "fate"), [(None, Fate.CREATE), ({"a": b"1"}, Fate.UNCHANGED), ({"a": b"2"}, Fate.CONFLICT)]
)
def test_files_are_never_overwritten(ours: object, fate: Fate) -> None:
    assert compare_files("file", {"a": b"1"}, ours)[0] is fate


@pytest.mark.parametrize(
    ("expires_at", "is_here", "fate"),
    [(NOW + DAY, False, Fate.CREATE), (NOW + DAY, True, Fate.UNCHANGED), (NOW - DAY, False, Fate.UNCHANGED)],
)
def test_tokens(expires_at: float, is_here: bool, fate: Fate) -> None:
    token = TokenRecord(
        id="t", digest="d", title="x", role=Role.READER, created_by="me", created_at=NOW, expires_at=expires_at
    )
    assert compare_token(token, NOW, is_here=is_here)[0] is fate
