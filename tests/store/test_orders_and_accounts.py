"""Orders and accounts: every step is kept, and no private key is ever readable in the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.api import Conflict, LocalFault, NotFound
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.order import Order, OrderedChallenge, OrderState
from certify_core.domain.settings import ChallengeSettings, OrderWishes
from certify_core.store import Store
from tests.support.stores import (
    DAY,
    FAILURE,
    KEY_PEM,
    NOW,
    issued_for,
    open_store,
    order_for,
    stored_bytes,
    wanting,
)

DIRECTORY = "https://authority.test/directory"
READABLE = b"nobody may ever read this line"


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """A certificate whose turn it is."""
    created = store.certificates.create(wanting("app.test", "192.0.2.7"), NOW)
    store.schedule.claim_due(NOW, 1)
    return created


@pytest.fixture
def order(store: Store, certificate: ManagedCertificate) -> Order:
    """Its order, just begun."""
    order = order_for(certificate)
    store.orders.open(order)
    return order


def far_on(order: Order) -> Order:
    """Return the order with everything that can be learnt on its way."""
    challenge = OrderedChallenge(
        identifier="app.test", type="http-01", token="t", key_authorization="t.k", offer_url="https://authority.test/1"
    )
    return replace(
        order,
        state=OrderState.VALIDATING,
        url="https://authority.test/order/1",
        finalize_url="https://authority.test/order/1/finalize",
        certificate_url="https://authority.test/order/1/certificate",
        authorizations=("https://authority.test/authorization/1",),
        challenges=(challenge,),
        step_failures=2,
        failure=FAILURE,
    )


def test_another_process_reads_the_order_as_it_was_saved(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        certificate = first.certificates.create(wanting("app.test", "192.0.2.7"), NOW)
        begun = replace(
            order_for(certificate),
            ca_bundle="/etc/roots.pem",
            challenge=ChallengeSettings(provider="http", parameters={"webroot": "/srv"}),
            wishes=OrderWishes(profile="shortlived", lifetime_days=6.5, preferred_chain="Root"),
        )
        first.orders.open(begun)
        saved = far_on(begun)
        first.orders.save(saved, NOW + 1)
    with open_store(tmp_path) as second:
        found = second.orders.get(begun.id)
        assert (found, second.certificates.get(certificate.id).order_id) == (saved, begun.id)


def test_the_polls_of_a_state_are_not_kept(store: Store, order: Order) -> None:
    store.orders.save(replace(order, polls=9), NOW)
    assert store.orders.get(order.id).polls == 0


def test_an_order_for_a_deleted_certificate_is_refused(store: Store, certificate: ManagedCertificate) -> None:
    store.certificates.delete(certificate.id)
    with pytest.raises(NotFound, match=certificate.id):
        store.orders.open(order_for(certificate))


@pytest.mark.parametrize("step", ["opened", "saved", "interrupted", "completed", "failed"])
def test_the_order_s_key_is_never_readable_in_the_database(
    store: Store, order: Order, tmp_path: Path, step: str
) -> None:
    if step == "saved":
        store.orders.save(far_on(order), NOW)
    elif step == "interrupted":
        store.orders.interrupt(far_on(order), FAILURE, Outcome(NOW + DAY), NOW)
    elif step == "completed":
        store.orders.complete(order, issued_for(wanting("app.test")), NOW)
    elif step == "failed":
        store.orders.fail(order, FAILURE, Outcome(NOW + DAY), NOW)
    found = stored_bytes(tmp_path)
    assert (order.id.encode() in found, READABLE in found) == (True, False)


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_the_key_leaves_the_row_when_the_order_ends(store: Store, order: Order, end: str) -> None:
    before = store.orders.get(order.id).private_key_pem
    if end == "complete":
        store.orders.complete(order, issued_for(wanting("app.test")), NOW)
    else:
        store.orders.fail(order, FAILURE, Outcome(NOW + DAY), NOW)
    assert (before, store.orders.get(order.id).private_key_pem) == (KEY_PEM, "")


def test_a_completed_order_makes_its_certificate_the_current_one(store: Store, order: Order) -> None:
    facts = issued_for(wanting("app.test", "192.0.2.7"))
    returned = store.orders.complete(order, facts, NOW)
    stored = store.certificates.get(order.certificate_id)
    assert returned == stored
    assert (stored.issued, stored.order_id, stored.status) == (facts, None, Status.HEALTHY)
    assert store.orders.get(order.id).state is OrderState.SAVED


def test_an_interrupted_order_goes_on_after_the_wait(store: Store, order: Order) -> None:
    store.orders.interrupt(replace(order, step_failures=1), FAILURE, Outcome(NOW + DAY), NOW)
    certificate = store.certificates.get(order.certificate_id)
    assert (certificate.order_id, certificate.failure, certificate.next_due_at) == (order.id, FAILURE, NOW + DAY)


def test_after_a_failed_order_the_next_attempt_starts_with_a_new_one(store: Store, order: Order) -> None:
    store.orders.fail(order, FAILURE, Outcome(NOW + DAY), NOW)
    certificate = store.certificates.get(order.certificate_id)
    assert (certificate.order_id, certificate.next_due_at) == (None, NOW + DAY)


def test_failures_in_a_row_are_counted_until_a_certificate_comes(store: Store, order: Order) -> None:
    counts = [store.orders.interrupt(order, FAILURE, Outcome(NOW), NOW).failure_count for _ in range(3)]
    counts.append(store.orders.complete(order, issued_for(wanting("app.test")), NOW).failure_count)
    assert counts == [1, 2, 3, 0]


def test_the_addresses_of_earlier_orders_are_known(store: Store, order: Order, certificate: ManagedCertificate) -> None:
    store.orders.fail(replace(order, url="https://authority.test/order/1"), FAILURE, Outcome(NOW), NOW)
    store.orders.open(order_for(certificate))
    assert store.orders.urls(certificate.id) == {"https://authority.test/order/1"}


def test_another_process_reads_the_account_as_it_was_confirmed(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        added = first.accounts.add(DIRECTORY, KEY_PEM, NOW)
        confirmed = replace(added, url="u", orders_url="o", contact=("mailto:a@app.test",), eab_kid="kid")
        first.accounts.confirm(confirmed)
    with open_store(tmp_path) as second:
        assert (second.accounts.find(DIRECTORY), second.accounts.all()) == (confirmed, [confirmed])


def test_an_account_s_key_is_never_readable_in_the_database(store: Store, tmp_path: Path) -> None:
    store.accounts.confirm(store.accounts.add(DIRECTORY, KEY_PEM, NOW))
    found = stored_bytes(tmp_path)
    assert (DIRECTORY.encode() in found, READABLE in found) == (True, False)


def test_keys_show_in_no_repr(store: Store, order: Order) -> None:
    shown = repr(store.orders.get(order.id)) + repr(store.accounts.add(DIRECTORY, KEY_PEM, NOW))
    assert "PRIVATE KEY" not in shown


def test_a_directory_has_one_account(store: Store) -> None:
    first = store.accounts.add(DIRECTORY, KEY_PEM, NOW)
    with pytest.raises(Conflict, match=DIRECTORY):
        store.accounts.add(DIRECTORY, "another key", NOW)
    assert store.accounts.all() == [first]


def test_there_is_no_account_where_none_was_made(store: Store) -> None:
    store.accounts.add(DIRECTORY, KEY_PEM, NOW)
    assert store.accounts.find("https://other.test/directory") is None


def test_without_its_master_key_a_database_gives_no_key_away(tmp_path: Path) -> None:
    with open_store(tmp_path) as first:
        first.accounts.add(DIRECTORY, KEY_PEM, NOW)
    (tmp_path / "master.key").unlink()
    with open_store(tmp_path) as second, pytest.raises(LocalFault, match=r"master\.key"):
        second.accounts.find(DIRECTORY)
