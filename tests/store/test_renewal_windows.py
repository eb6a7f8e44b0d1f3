"""What is kept of renewal windows: which is read next, by whom, and when its certificate is due with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.domain.ari import RenewalInformation, Suggestion, begun, read
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.schedule import DueReason, due
from certify_core.store import Store
from certify_core.store.renewal_windows import LEASE
from tests.support.stores import DAY, NOW, ORIGIN, issue, open_store, wanting


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with open_store(tmp_path) as store:
        yield store


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """A certificate whose authority suggests when to renew."""
    return issue(store, store.certificates.create(wanting(), NOW), origin=ORIGIN)


def window_at(moment: float) -> RenewalInformation:
    """Return a window of one second."""
    return read(begun(ORIGIN.ari_id, NOW, None), Suggestion(moment, moment + 1), NOW)


def test_the_first_reading_is_due_when_the_certificate_is_saved(store: Store, certificate: ManagedCertificate) -> None:
    assert store.windows.next_moment() == NOW
    assert store.windows.claim_due(NOW, 10) == [certificate.id]


def test_a_certificate_of_an_authority_that_suggests_nothing_is_never_read(store: Store) -> None:
    issue(store, store.certificates.create(wanting(), NOW))
    assert store.windows.next_moment() is None


def test_a_reading_is_given_to_one_only(store: Store, certificate: ManagedCertificate) -> None:
    assert [store.windows.claim_due(NOW, 10) for _ in range(2)] == [[certificate.id], []]


def test_a_reading_that_its_process_did_not_survive_is_due_again(store: Store, certificate: ManagedCertificate) -> None:
    store.windows.claim_due(NOW, 10)
    assert store.windows.claim_due(NOW + LEASE, 10) == [certificate.id]


def test_no_more_are_given_than_there_is_room_for(store: Store) -> None:
    for _ in range(3):
        issue(store, store.certificates.create(wanting(), NOW), origin=ORIGIN)
    assert [len(store.windows.claim_due(NOW, limit)) for limit in (0, 2, 2)] == [0, 2, 1]


def test_a_certificate_is_due_at_the_moment_that_was_kept(store: Store, certificate: ManagedCertificate) -> None:
    learnt = window_at(NOW + DAY)
    store.windows.keep(certificate.id, learnt)
    kept = store.certificates.get(certificate.id)
    assert learnt.window is not None
    assert (kept.ari, kept.next_due_at) == (learnt, learnt.window.chosen)
    assert due(kept).reason is DueReason.ARI
    assert store.windows.next_moment() == learnt.next_check_at


def test_a_certificate_that_is_being_renewed_stays_so(store: Store, certificate: ManagedCertificate) -> None:
    store.schedule.claim_due(NOW * 2, 10)
    store.windows.keep(certificate.id, window_at(NOW))
    kept = store.certificates.get(certificate.id)
    assert (kept.status, kept.next_due_at) == (Status.RUNNING, None)


def test_what_was_learnt_of_a_certificate_that_was_replaced_meanwhile_is_dropped(
    store: Store, certificate: ManagedCertificate
) -> None:
    other = ORIGIN.model_copy(update={"ari_id": "AQ.Aw"})
    issue(store, certificate, at=NOW + DAY, origin=other)
    assert store.windows.keep(certificate.id, window_at(NOW)) is None
    assert store.certificates.get(certificate.id).ari == begun(other.ari_id, NOW + DAY, None)


def test_what_was_learnt_of_a_deleted_certificate_is_dropped(store: Store, certificate: ManagedCertificate) -> None:
    store.certificates.delete(certificate.id)
    assert store.windows.keep(certificate.id, window_at(NOW)) is None


def test_a_new_certificate_of_an_authority_that_suggests_nothing_forgets_the_window(
    store: Store, certificate: ManagedCertificate
) -> None:
    store.windows.keep(certificate.id, window_at(NOW))
    issue(store, certificate)
    assert (store.certificates.get(certificate.id).ari, store.windows.next_moment()) == (None, None)


def test_a_change_of_settings_keeps_the_window(store: Store, certificate: ManagedCertificate) -> None:
    learnt = window_at(NOW + DAY)
    store.windows.keep(certificate.id, learnt)
    store.certificates.update_settings(certificate.id, 1, wanting(name="other"), NOW)
    assert store.certificates.get(certificate.id).ari == learnt
