"""Deployments: each keeps its own state; edits of the others and outdated results do not touch it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.api import NotFound
from certify_core.domain.certificate import Deployment, DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.settings import DeploymentSettings
from certify_core.store import Store
from tests.support.stores import DAY, FAILURE, NOW, issue, place, wanting


def changed_places(store: Store, certificate: ManagedCertificate, *names: str) -> tuple[Deployment, ...]:
    """Change which places there are; return the deployments as they are stored then."""
    settings = wanting(deployments=tuple(place(name) for name in names))
    store.certificates.update_settings(certificate.id, certificate.version, settings, NOW)
    return store.certificates.get(certificate.id).deployments


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """An issued certificate in two places: it is in place at the first, and failed at the second."""
    issued = issue(store, store.certificates.create(wanting(places=2), NOW))
    assert issued.issued is not None
    first, second = issued.deployments
    done = replace(first, status=DeploymentStatus.DEPLOYED, deployed_id=issued.issued.id, next_attempt_at=None)
    failed = replace(
        second, status=DeploymentStatus.FAILED, failure=FAILURE, failure_count=3, next_attempt_at=NOW + DAY
    )
    for deployment in (done, failed):
        store.deployments.save(deployment, issued.issued.id, NOW)
    return store.certificates.get(issued.id)


def test_before_there_is_a_certificate_nothing_is_deployed(store: Store) -> None:
    created = store.certificates.create(wanting(places=2), NOW)
    found = {(item.status, item.next_attempt_at) for item in created.deployments}
    assert (found, store.schedule.claim_due_deployments(NOW, 9)) == ({(DeploymentStatus.NONE, None)}, [])


def test_a_new_certificate_makes_every_deployment_due(store: Store, certificate: ManagedCertificate) -> None:
    renewed = issue(store, certificate, at=NOW + DAY)
    assert store.schedule.claim_due_deployments(NOW + DAY, 9) == [item.id for item in renewed.deployments]
    assert {item.failure for item in renewed.deployments} == {None}


def test_a_renewed_certificate_remembers_what_is_in_place_until_it_is_deployed(
    store: Store, certificate: ManagedCertificate
) -> None:
    renewed = issue(store, certificate, at=NOW + DAY)
    assert certificate.issued is not None
    assert renewed.deployments[0].deployed_id == certificate.issued.id


@pytest.mark.parametrize("names", [("0", "1"), ("1", "0"), ("new", "0", "1"), ("0", "new", "1")])
def test_places_that_stay_keep_their_state_wherever_they_move(
    store: Store, certificate: ManagedCertificate, names: tuple[str, ...]
) -> None:
    before = dict(zip(("0", "1"), certificate.deployments, strict=True))
    after = dict(zip(names, changed_places(store, certificate, *names), strict=True))
    assert {name: after[name] for name in before} == before


def test_a_new_place_is_due_at_once(store: Store, certificate: ManagedCertificate) -> None:
    *_, new = changed_places(store, certificate, "0", "1", "new")
    assert (new.status, store.schedule.claim_due_deployments(NOW, 9)) == (DeploymentStatus.PENDING, [new.id])


def test_a_place_that_is_changed_is_deployed_to_anew(store: Store, certificate: ManagedCertificate) -> None:
    _, changed = changed_places(store, certificate, "0", "elsewhere")
    assert (changed.status, changed.failure_count) == (DeploymentStatus.PENDING, 0)


def test_a_place_that_is_taken_away_is_gone(store: Store, certificate: ManagedCertificate) -> None:
    changed_places(store, certificate, "0")
    with pytest.raises(NotFound):
        store.deployments.get(certificate.deployments[1].id)


def test_the_same_place_twice_is_two_deployments_that_keep_their_states(
    store: Store, certificate: ManagedCertificate
) -> None:
    twice = changed_places(store, certificate, "0", "0")
    again = changed_places(store, replace(certificate, version=2), "0", "0")
    assert (again, len({item.id for item in again})) == (twice, 2)


def test_the_result_for_an_outdated_certificate_is_ignored(store: Store, certificate: ManagedCertificate) -> None:
    renewed = issue(store, certificate, at=NOW + DAY)
    assert certificate.issued is not None
    late = replace(certificate.deployments[0], status=DeploymentStatus.FAILED, failure=FAILURE)
    store.deployments.save(late, certificate.issued.id, NOW + DAY)
    assert store.certificates.get(certificate.id) == renewed


def test_the_result_for_a_place_that_was_taken_away_changes_nothing(
    store: Store, certificate: ManagedCertificate
) -> None:
    assert certificate.issued is not None
    changed_places(store, certificate, "0")
    store.deployments.save(certificate.deployments[1], certificate.issued.id, NOW)
    assert store.certificates.get(certificate.id).status is Status.HEALTHY


def test_the_result_for_a_deleted_certificate_is_not_found(store: Store, certificate: ManagedCertificate) -> None:
    assert certificate.issued is not None
    store.certificates.delete(certificate.id)
    with pytest.raises(NotFound):
        store.deployments.save(certificate.deployments[0], certificate.issued.id, NOW)


def test_a_result_does_not_end_the_claim_of_a_running_renewal(store: Store, certificate: ManagedCertificate) -> None:
    assert certificate.issued is not None
    store.schedule.request(certificate.id, NOW)
    store.schedule.claim_due(NOW, 1)
    store.deployments.save(certificate.deployments[0], certificate.issued.id, NOW)
    assert store.certificates.get(certificate.id).status is Status.RUNNING


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (DeploymentStatus.DEPLOYED, DeploymentStatus.DEPLOYED, Status.HEALTHY),
        (DeploymentStatus.DEPLOYED, DeploymentStatus.FAILED, Status.WARNING),
        (DeploymentStatus.FAILED, DeploymentStatus.PENDING, Status.DEPLOYING),
    ],
)
def test_the_certificate_s_status_follows_from_its_deployments(
    store: Store, first: DeploymentStatus, second: DeploymentStatus, expected: Status
) -> None:
    issued = issue(store, store.certificates.create(wanting(places=2), NOW))
    assert issued.issued is not None
    for deployment, status in zip(issued.deployments, (first, second), strict=True):
        store.deployments.save(replace(deployment, status=status), issued.issued.id, NOW)
    assert store.certificates.get(issued.id).status is expected
    assert [item["status"] for item in store.certificates.page().items] == [expected]


def test_a_deployment_is_stored_with_all_it_knows(store: Store) -> None:
    issued = issue(store, store.certificates.create(wanting(places=1), NOW))
    assert issued.issued is not None
    deployment = Deployment(
        id=issued.deployments[0].id,
        certificate_id=issued.id,
        settings=DeploymentSettings(target="files", parameters={"dir": "/places/0"}),
        status=DeploymentStatus.FAILED,
        deployed_id="an earlier one",
        failure=FAILURE,
        failure_count=7,
        next_attempt_at=NOW + 1.25,
    )
    store.deployments.save(deployment, issued.issued.id, NOW)
    assert store.deployments.get(deployment.id) == deployment
