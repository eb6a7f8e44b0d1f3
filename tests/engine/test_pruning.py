"""What ended long ago goes, with its key and its order; nothing goes that may still be of use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.order import Order, OrderState, Part
from certify_core.engine.pruning import FAILED_KEPT, KEPT, Pruning
from certify_core.errors import NotFound
from certify_core.service.upkeep import Upkeep
from certify_core.store import Store
from tests.support.certificates import CertificateAuthority
from tests.support.stores import DAY, KEY_PEM, NOW, issued_for, order_for, wanting
from tests.support.waiting import eventually

LONG_AGO = NOW - 90 * DAY - KEPT - DAY
"""When a certificate of 90 days began that had ended long before now."""


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """A managed certificate that has none yet."""
    return store.certificates.create(wanting(places=1), NOW)


def issue(store: Store, certificate: ManagedCertificate, at: float, part: Part = Part.WHOLE) -> Order:
    """Issue a certificate of 90 days that begins then, with its files; return its order."""
    order = replace(order_for(certificate), part=part)
    start = datetime.fromtimestamp(at, UTC)
    bundle = CertificateAuthority().issue("app.test", not_before=start, lifetime=timedelta(days=90))
    issued = issued_for(certificate.settings, at=at).model_copy(update={"id": issued_id(order)})
    store.orders.open(order)
    store.assets.save(certificate.id, issued.id, bundle.fullchain_pem, KEY_PEM)
    store.orders.complete(order, issued, at)
    return order


def issued_id(order: Order) -> str:
    """Return the name of what an order issues."""
    return f"20200101_{order.id[:8]}"


def prune(store: Store, now: float = NOW) -> int:
    """Prune at a moment; return how many certificates went."""
    return Pruning(store, lambda: now).run()


def kept(store: Store, certificate: ManagedCertificate) -> set[str]:
    """Return what there is of a managed certificate."""
    return set(store.assets.issued_ids(certificate.id))


def test_a_certificate_that_ended_long_ago_goes_with_its_key_and_its_order(
    store: Store, certificate: ManagedCertificate, tmp_path: Path
) -> None:
    old, new = issue(store, certificate, LONG_AGO), issue(store, certificate, NOW)
    assert (prune(store), kept(store, certificate)) == (1, {issued_id(new)})
    assert list((tmp_path / "assets" / certificate.id).iterdir()) == [
        tmp_path / "assets" / certificate.id / issued_id(new)
    ]
    with pytest.raises(NotFound):
        store.orders.get(old.id)
    assert store.orders.get(new.id).state is OrderState.SAVED


def test_one_that_has_not_ended_long_ago_stays(store: Store, certificate: ManagedCertificate) -> None:
    old, new = issue(store, certificate, LONG_AGO + 2 * DAY), issue(store, certificate, NOW)
    assert (prune(store), kept(store, certificate)) == (0, {issued_id(old), issued_id(new)})
    assert store.orders.get(old.id).state is OrderState.SAVED


def test_the_current_one_stays_even_if_it_ended_long_ago(store: Store, certificate: ManagedCertificate) -> None:
    issue(store, certificate, LONG_AGO - KEPT)
    new = issue(store, certificate, LONG_AGO)
    assert issued_id(new) in kept(store, certificate)


def test_a_clock_that_is_years_ahead_removes_no_certificate(store: Store, certificate: ManagedCertificate) -> None:
    issue(store, certificate, NOW - 60 * DAY)
    issue(store, certificate, NOW)
    assert prune(store, NOW + 3650 * DAY) == 0


def test_what_is_deployed_somewhere_stays(store: Store, certificate: ManagedCertificate) -> None:
    old = issue(store, certificate, LONG_AGO)
    (deployment,) = store.certificates.get(certificate.id).deployments
    store.deployments.save(replace(deployment, deployed_id=issued_id(old)), issued_id(old), NOW)
    issue(store, certificate, NOW)
    assert (prune(store), issued_id(old) in kept(store, certificate)) == (0, True)


def test_the_first_one_of_a_pair_stays_while_it_waits(store: Store, certificate: ManagedCertificate) -> None:
    issue(store, certificate, NOW)
    half = issue(store, certificate, LONG_AGO, Part.FIRST)
    assert (prune(store), issued_id(half) in kept(store, certificate)) == (0, True)


def test_what_cannot_be_read_stays(store: Store, certificate: ManagedCertificate, tmp_path: Path) -> None:
    old = issue(store, certificate, LONG_AGO)
    issue(store, certificate, NOW)
    (tmp_path / "assets" / certificate.id / issued_id(old) / "fullchain.pem").write_text("torn")
    assert (prune(store), issued_id(old) in kept(store, certificate)) == (0, True)


def test_an_interrupted_removal_is_finished(store: Store, certificate: ManagedCertificate, tmp_path: Path) -> None:
    old, new = issue(store, certificate, LONG_AGO), issue(store, certificate, NOW)
    (tmp_path / "assets" / certificate.id / issued_id(old) / "privkey.sealed").unlink()
    assert (prune(store), kept(store, certificate)) == (1, {issued_id(new)})


def test_a_folder_that_cannot_be_removed_keeps_no_other(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = [store.certificates.create(wanting(f"{name}.test"), NOW, name) for name in ("a", "b")]
    old = [issue(store, certificate, LONG_AGO) for certificate in certificates]
    for certificate in certificates:
        issue(store, certificate, NOW)
    (tmp_path / "assets" / "a" / issued_id(old[0]) / "note").write_text("of somebody")
    assert (prune(store), issued_id(old[1]) in kept(store, certificates[1])) == (1, False)
    assert issued_id(old[0]) in caplog.text


def test_files_that_are_nobodys_stay(store: Store) -> None:
    store.assets.save("stranger", "20200101_a", "a certificate", KEY_PEM)
    store.assets.save("stranger", "20200102_b", "a certificate", KEY_PEM)
    assert (prune(store), len(store.assets.issued_ids("stranger"))) == (0, 2)


@pytest.mark.parametrize(("age", "stays"), [(FAILED_KEPT + DAY, False), (FAILED_KEPT - DAY, True)])
def test_orders_that_came_to_nothing_are_kept_for_a_while(
    store: Store, certificate: ManagedCertificate, age: float, stays: bool
) -> None:
    order = order_for(certificate)
    store.orders.open(order)
    store.orders.rehearsed(replace(order, state=OrderState.REHEARSED), NOW - age)
    prune(store)
    assert _is_there(store, order) is stays


def test_an_order_under_way_is_never_forgotten(store: Store, certificate: ManagedCertificate) -> None:
    order = order_for(certificate)
    store.orders.open(order)
    prune(store, NOW + 3650 * DAY)
    assert store.orders.get(order.id).state is OrderState.PREPARED


def test_a_service_prunes_by_itself() -> None:
    pruned: list[bool] = []
    upkeep = Upkeep(None, None, lambda _: None)
    upkeep.start(lambda stopped: pruned.append(stopped()))
    eventually(lambda: pruned == [False])
    upkeep.close()


def _is_there(store: Store, order: Order) -> bool:
    try:
        return store.orders.get(order.id) is not None
    except NotFound:
        return False
