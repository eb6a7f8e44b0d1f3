"""What is due is claimed by exactly one worker, and is due again if that worker's process is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import DeploymentStatus, Status
from certify_core.domain.settings import RenewalSettings
from certify_core.store import Store
from tests.support.stores import DAY, FAILURE, NOW, issue, open_store, order_for, wanting

WORKERS = 8
ITEMS = 200


def claimed_by_all(claim: Callable[[float, int], list[str]]) -> Counter[str]:
    """Let many threads claim until nothing is left; return how often each id was claimed."""

    def work(_: int) -> list[str]:
        mine: list[str] = []
        while found := claim(NOW, 7):
            mine += found
        return mine

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(one for mine in pool.map(work, range(WORKERS)) for one in mine)


def test_of_many_workers_exactly_one_gets_each_certificate(store: Store) -> None:
    ids = [store.certificates.create(wanting(), NOW).id for _ in range(ITEMS)]
    assert claimed_by_all(store.schedule.claim_due) == Counter(ids)


def test_of_many_workers_exactly_one_gets_each_deployment(store: Store) -> None:
    issued = [issue(store, store.certificates.create(wanting(places=4), NOW)) for _ in range(ITEMS // 4)]
    ids = [deployment.id for certificate in issued for deployment in certificate.deployments]
    assert claimed_by_all(store.schedule.claim_due_deployments) == Counter(ids)


def test_what_is_claimed_is_running(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.schedule.claim_due(NOW, 1)
    claimed = store.certificates.get(created.id)
    assert (claimed.status, claimed.next_due_at) == (Status.RUNNING, None)


def test_no_more_is_claimed_than_there_is_room_for(store: Store) -> None:
    for _ in range(3):
        store.certificates.create(wanting(), NOW)
    assert [len(store.schedule.claim_due(NOW, room)) for room in (0, -1, 2, 2, 2)] == [0, 0, 2, 1, 0]


def test_what_is_due_longest_is_claimed_first(store: Store) -> None:
    certificates = [store.certificates.create(wanting(), NOW) for _ in range(3)]
    for certificate, wait in zip(certificates, (3, 1, 2), strict=True):
        store.orders.not_begun(certificate.id, FAILURE, Outcome(NOW + wait), NOW)
    claimed = [store.schedule.claim_due(NOW + 9, 1)[0] for _ in certificates]
    assert claimed == [certificates[index].id for index in (1, 2, 0)]


def test_nothing_is_claimed_a_moment_before_it_is_due(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.orders.not_begun(created.id, FAILURE, Outcome(NOW + 60), NOW)
    assert (store.schedule.claim_due(NOW + 59.999, 1), store.schedule.claim_due(NOW + 60, 1)) == ([], [created.id])


def test_claimed_certificates_are_due_again_after_a_restart(tmp_path: Path) -> None:
    with open_store(tmp_path) as killed:
        created = killed.certificates.create(wanting(), NOW)
        killed.schedule.claim_due(NOW, 1)
        with open_store(tmp_path) as restarted:
            nothing = restarted.schedule.claim_due(NOW, 1)
            restarted.schedule.recover(NOW + 1)
            assert (nothing, restarted.schedule.claim_due(NOW + 1, 1)) == ([], [created.id])


@pytest.mark.parametrize("failed_before", [False, True])
def test_claimed_deployments_are_due_again_after_a_restart(tmp_path: Path, failed_before: bool) -> None:
    with open_store(tmp_path) as killed:
        certificate = issue(killed, killed.certificates.create(wanting(places=1), NOW))
        (deployment,) = certificate.deployments
        if failed_before:
            _fail(killed, certificate.id)
        killed.schedule.claim_due_deployments(NOW, 1)
        with open_store(tmp_path) as restarted:
            restarted.schedule.recover(NOW + 1)
            assert restarted.schedule.claim_due_deployments(NOW + 1, 1) == [deployment.id]


def _fail(store: Store, certificate_id: str) -> None:
    certificate = store.certificates.get(certificate_id)
    assert certificate.issued is not None
    failed = replace(certificate.deployments[0], status=DeploymentStatus.FAILED, failure=FAILURE, next_attempt_at=NOW)
    store.deployments.save(failed, certificate.issued.id, NOW)


def test_a_restart_takes_up_nothing_that_is_done(store: Store) -> None:
    certificate = issue(store, store.certificates.create(wanting(places=1), NOW))
    assert certificate.issued is not None
    done = replace(certificate.deployments[0], status=DeploymentStatus.DEPLOYED, next_attempt_at=None)
    store.deployments.save(done, certificate.issued.id, NOW)
    store.schedule.recover(NOW)
    assert (store.schedule.claim_due_deployments(NOW, 1), store.schedule.claim_due(NOW, 1)) == ([], [])


def test_a_restart_forgets_no_request(tmp_path: Path) -> None:
    with open_store(tmp_path) as killed:
        certificate = issue(killed, killed.certificates.create(wanting(), NOW))
        killed.schedule.request(certificate.id, NOW)
        killed.schedule.claim_due(NOW, 1)
        with open_store(tmp_path) as restarted:
            restarted.schedule.recover(NOW)
            assert restarted.schedule.claim_due(NOW, 1) == [certificate.id]


def test_the_next_moment_is_the_earliest_of_all(store: Store) -> None:
    moments = [store.schedule.next_moment()]
    first = store.certificates.create(wanting(), NOW)
    store.orders.not_begun(first.id, FAILURE, Outcome(NOW + 50), NOW)
    moments.append(store.schedule.next_moment())
    issue(store, store.certificates.create(wanting(places=1), NOW), at=NOW + 20)
    moments.append(store.schedule.next_moment())
    assert moments == [None, NOW + 50, NOW + 20]


def test_what_is_claimed_has_no_moment(store: Store) -> None:
    issue(store, store.certificates.create(wanting(places=1, renewal=RenewalSettings(automatic=False)), NOW))
    store.schedule.claim_due_deployments(NOW, 1)
    assert store.schedule.next_moment() is None


def test_a_request_comes_before_the_backoff_and_before_the_renewal(store: Store) -> None:
    failed = store.certificates.create(wanting(), NOW)
    store.orders.not_begun(failed.id, FAILURE, Outcome(NOW + DAY), NOW)
    healthy = issue(store, store.certificates.create(wanting(), NOW))
    manual = issue(store, store.certificates.create(wanting(renewal=RenewalSettings(automatic=False)), NOW))
    before = store.schedule.claim_due(NOW, 9)
    for certificate in (failed, healthy, manual):
        store.schedule.request(certificate.id, NOW)
    assert (before, set(store.schedule.claim_due(NOW, 9))) == ([], {failed.id, healthy.id, manual.id})


def test_a_request_while_it_runs_starts_nothing_more(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.schedule.claim_due(NOW, 1)
    store.schedule.request(created.id, NOW)
    assert store.schedule.claim_due(NOW, 1) == []


def test_a_request_is_answered_by_the_certificate_that_comes(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.schedule.request(created.id, NOW)
    store.schedule.claim_due(NOW, 1)
    assert issue(store, created).requested_at is None


def test_a_claim_that_is_given_up_is_due_whenever_it_is_due(store: Store) -> None:
    created = store.certificates.create(wanting(), NOW)
    store.schedule.claim_due(NOW, 1)
    store.schedule.release(created.id, NOW)
    assert (store.certificates.get(created.id).status, store.schedule.claim_due(NOW, 1)) == (
        Status.WAITING,
        [created.id],
    )


def test_giving_up_a_claim_on_what_was_deleted_is_no_error(store: Store) -> None:
    store.schedule.release("nothing", NOW)
    assert store.schedule.next_moment() is None


def test_due_but_waiting_are_those_that_only_a_failure_holds_back(store: Store) -> None:
    fresh = store.certificates.create(wanting(), NOW)
    failed = store.certificates.create(wanting(), NOW)
    store.orders.not_begun(failed.id, FAILURE, Outcome(NOW + DAY), NOW)
    interrupted = store.certificates.create(wanting(), NOW)
    order = order_for(interrupted)
    store.orders.open(order)
    store.orders.interrupt(order, FAILURE, Outcome(NOW + 2 * DAY), NOW)
    manual = store.certificates.create(wanting(renewal=RenewalSettings(automatic=False)), NOW)
    store.orders.not_begun(manual.id, FAILURE, Outcome(NOW + DAY), NOW)
    renewed_early = issue(store, store.certificates.create(wanting(), NOW))
    store.orders.not_begun(renewed_early.id, FAILURE, Outcome(NOW + DAY), NOW)
    issue(store, store.certificates.create(wanting(), NOW))
    assert store.schedule.due_but_waiting(NOW) == [fresh.id, failed.id, interrupted.id]
