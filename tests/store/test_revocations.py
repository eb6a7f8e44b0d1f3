"""Revocations and changes of accounts in the store: kept whole, sealed, and what they mark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.api import NotFound
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.revocation import RevocationReason, RevocationState
from certify_core.store import Store
from tests.support.stores import (
    DAY,
    FAILURE,
    KEY_DIGEST,
    KEY_PEM,
    NOW,
    issue,
    issued_for,
    open_store,
    order_for,
    revocation_of,
    stored_bytes,
    wanting,
)

DIRECTORY = "https://authority.test/directory"
READABLE = b"nobody may ever read this line"


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """A certificate that was issued."""
    return issue(store, store.certificates.create(wanting("app.test"), NOW))


def reissued(store: Store, certificate: ManagedCertificate, key_digest: str) -> ManagedCertificate:
    """Return the certificate as it is after an order with this key."""
    order = order_for(certificate)
    store.orders.open(order)
    issued = issued_for(certificate.settings).model_copy(update={"key_digest": key_digest})
    return store.orders.complete(order, issued, NOW)


def test_another_process_reads_what_was_wanted(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        certificate = issue(first, first.certificates.create(wanting("app.test"), NOW))
        wanted = first.revocations.want(revocation_of(certificate))
    with open_store(tmp_path) as second:
        assert second.revocations.find(wanted.certificate_id, wanted.issued_id) == wanted
        assert second.revocations.unfinished() == [wanted.name]


def test_its_key_is_never_readable_in_the_database(
    store: Store, certificate: ManagedCertificate, tmp_path: Path
) -> None:
    store.revocations.want(revocation_of(certificate))
    assert READABLE not in stored_bytes(tmp_path)


def test_a_failed_attempt_is_kept_with_the_moment_of_the_next(store: Store, certificate: ManagedCertificate) -> None:
    failed = store.revocations.postpone(store.revocations.want(revocation_of(certificate)), FAILURE, NOW + DAY)
    assert store.revocations.of(certificate.id) == [failed]
    assert (failed.failure, failed.failure_count, failed.next_attempt_at) == (FAILURE, 1, NOW + DAY)


def test_one_that_is_refused_is_not_unfinished(store: Store, certificate: ManagedCertificate) -> None:
    refused = store.revocations.refuse(store.revocations.want(revocation_of(certificate)), FAILURE)
    assert (refused.state, store.revocations.unfinished()) == (RevocationState.REFUSED, [])


@pytest.mark.parametrize("renew", [True, False])
def test_the_current_certificate_is_marked(store: Store, certificate: ManagedCertificate, renew: bool) -> None:
    store.revocations.complete(store.revocations.want(revocation_of(certificate, renew=renew)), NOW + 1)
    issued = store.certificates.get(certificate.id).issued
    assert issued is not None
    assert (issued.revoked_at, issued.replace, issued.key_compromised) == (NOW + 1, renew, False)


def test_a_replacement_does_not_wait_for_what_failed_before(store: Store, certificate: ManagedCertificate) -> None:
    from certify_core.domain.attempts import Outcome

    store.orders.not_begun(certificate.id, FAILURE, Outcome(NOW + DAY), NOW)
    store.revocations.complete(store.revocations.want(revocation_of(certificate)), NOW)
    assert store.certificates.get(certificate.id).next_due_at == 0.0


def test_a_running_order_keeps_its_certificate_running(store: Store, certificate: ManagedCertificate) -> None:
    store.schedule.request(certificate.id, NOW)
    store.schedule.claim_due(NOW, 1)
    store.revocations.complete(store.revocations.want(revocation_of(certificate)), NOW)
    assert store.certificates.get(certificate.id).status == "running"


def test_an_earlier_certificate_marks_nothing(store: Store, certificate: ManagedCertificate) -> None:
    store.revocations.complete(store.revocations.want(revocation_of(certificate, issued_id="earlier")), NOW)
    assert store.certificates.get(certificate.id) == certificate


def test_a_compromised_key_marks_the_current_certificate_that_has_it(
    store: Store, certificate: ManagedCertificate
) -> None:
    current = reissued(store, certificate, KEY_DIGEST)
    wanted = revocation_of(current, RevocationReason.KEY_COMPROMISE, issued_id="earlier")
    store.revocations.complete(store.revocations.want(wanted), NOW)
    issued = store.certificates.get(certificate.id).issued
    assert issued is not None
    assert (issued.replace, issued.key_compromised, issued.revoked_at) == (True, True, None)


@pytest.mark.parametrize(("digest", "is_marked"), [(KEY_DIGEST, True), ("another key pair", False)])
def test_a_certificate_that_comes_with_a_compromised_key_is_replaced(
    store: Store, certificate: ManagedCertificate, digest: str, is_marked: bool
) -> None:
    store.revocations.want(revocation_of(certificate, RevocationReason.KEY_COMPROMISE))
    issued = reissued(store, certificate, digest).issued
    assert issued is not None
    assert (issued.replace, issued.key_compromised) == (is_marked, is_marked)


def test_a_compromised_key_of_the_users_is_not_asked_for_again(store: Store) -> None:
    # The same signing request would bring the same key, for ever.
    certificate = issue(store, store.certificates.create(wanting("app.test", csr="a signing request"), NOW))
    store.revocations.complete(
        store.revocations.want(
            revocation_of(reissued(store, certificate, KEY_DIGEST), RevocationReason.KEY_COMPROMISE)
        ),
        NOW,
    )
    again = reissued(store, store.certificates.get(certificate.id), KEY_DIGEST)
    assert again.issued is not None
    assert (again.issued.replace, again.issued.key_compromised) == (False, True)


@pytest.mark.parametrize("reason", [RevocationReason.SUPERSEDED, RevocationReason.KEY_COMPROMISE])
def test_the_second_one_of_a_pair_marks_the_pair(
    store: Store, certificate: ManagedCertificate, reason: RevocationReason
) -> None:
    second = issued_for(certificate.settings).model_copy(update={"key_digest": KEY_DIGEST})
    order = order_for(certificate)
    store.orders.open(order)
    store.orders.complete(order, issued_for(certificate.settings).model_copy(update={"second": second}), NOW)
    store.revocations.complete(store.revocations.want(revocation_of(certificate, reason, issued_id=second.id)), NOW)
    issued = store.certificates.get(certificate.id).issued
    assert issued is not None
    assert issued.second is not None
    assert (issued.is_revoked, issued.replace, issued.key_compromised) == (True, True, False)
    assert issued.second.key_compromised == (reason is RevocationReason.KEY_COMPROMISE)


def test_what_is_over_is_forgotten_with_its_certificate_and_what_is_wanted_is_not(
    store: Store, certificate: ManagedCertificate
) -> None:
    store.revocations.complete(store.revocations.want(revocation_of(certificate)), NOW)
    waiting = store.revocations.want(revocation_of(certificate, issued_id="earlier"))
    store.revocations.forget(certificate.id)
    assert store.revocations.of(certificate.id) == [waiting]


def test_another_process_reads_the_next_key_of_an_account(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        begun = first.accounts.begin_rollover(first.accounts.add(DIRECTORY, "a key", NOW), KEY_PEM)
    with open_store(tmp_path) as second:
        assert (second.accounts.find(DIRECTORY), second.accounts.unfinished()) == (begun, [begun.id])
        assert READABLE not in stored_bytes(tmp_path)


def test_the_next_key_takes_the_keys_place(store: Store) -> None:
    begun = store.accounts.begin_rollover(store.accounts.add(DIRECTORY, "a key", NOW), KEY_PEM)
    completed = store.accounts.complete_rollover(begun)
    assert completed == store.accounts.find(DIRECTORY)
    assert (completed.key_pem, completed.next_key_pem, store.accounts.unfinished()) == (KEY_PEM, None, [])


def test_a_next_key_that_was_refused_is_forgotten(store: Store) -> None:
    added = store.accounts.add(DIRECTORY, "a key", NOW)
    assert store.accounts.cancel_rollover(store.accounts.begin_rollover(added, KEY_PEM)) == added
    assert store.accounts.find(DIRECTORY) == added


def test_an_account_takes_the_place_of_the_one_at_its_directory(store: Store) -> None:
    added = store.accounts.add(DIRECTORY, "a key", NOW)
    other = replace(added, id="other", key_pem=KEY_PEM, url="u", contact=("mailto:a@app.test",), ca_bundle="/roots")
    store.accounts.put(other)
    assert store.accounts.all() == [other]


def test_neither_key_of_an_account_shows_in_its_repr(store: Store) -> None:
    begun = store.accounts.begin_rollover(store.accounts.add(DIRECTORY, KEY_PEM, NOW), KEY_PEM)
    assert "PRIVATE KEY" not in repr(begun)


def test_an_account_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="nobody"):
        store.accounts.get("nobody")
