"""Deployments that somebody wants again now are claimed in one transaction, and due again if the process ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.api import InvalidInput, NotFound
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.settings import DeploymentSettings
from certify_core.store import Store
from tests.support.stores import NOW, issue, wanting


def deployed(store: Store, *targets: str) -> ManagedCertificate:
    """Return a certificate that is issued."""
    places = tuple(DeploymentSettings(target=name) for name in targets)
    return issue(store, store.certificates.create(wanting(deployments=places), NOW), at=NOW)


def test_all_are_claimed_and_the_certificate_is_deploying(store: Store) -> None:
    certificate = deployed(store, "one", "two")
    claimed = store.deployments.claim(certificate.id, (), NOW)
    after = store.certificates.get(certificate.id)
    assert (claimed, after.status) == ([item.id for item in certificate.deployments], Status.DEPLOYING)
    assert store.schedule.claim_due_deployments(NOW + 1, 10) == []


def test_one_is_claimed_alone(store: Store) -> None:
    certificate = deployed(store, "one", "two")
    first, second = certificate.deployments
    store.schedule.claim_due_deployments(NOW, 10)
    assert store.deployments.claim(certificate.id, [second.id], NOW) == [second.id]
    assert store.deployments.get(first.id).next_attempt_at is None


def test_what_was_claimed_by_a_process_that_ended_is_due(store: Store) -> None:
    certificate = deployed(store, "one")
    store.deployments.claim(certificate.id, (), NOW)
    store.schedule.recover(NOW + 1)
    assert store.schedule.claim_due_deployments(NOW + 1, 10) == [certificate.deployments[0].id]


def test_a_failed_one_does_not_wait_any_longer(store: Store) -> None:
    certificate = deployed(store, "one")
    store.deployments.claim(certificate.id, (), NOW)
    (deployment,) = store.certificates.get(certificate.id).deployments
    assert (deployment.status, deployment.next_attempt_at) == (DeploymentStatus.PENDING, None)


def test_what_began_before_the_claim_does_not_answer_it(store: Store) -> None:
    certificate = deployed(store, "one")
    assert certificate.issued is not None
    (begun,) = certificate.deployments
    store.deployments.claim(certificate.id, (), NOW)
    store.deployments.save(replace(begun, status=DeploymentStatus.DEPLOYED), certificate.issued.id, NOW)
    after = store.certificates.get(certificate.id)
    assert (after.deployments[0].status, after.status) == (DeploymentStatus.PENDING, Status.DEPLOYING)


def test_what_began_after_the_claim_answers_it(store: Store) -> None:
    certificate = deployed(store, "one")
    assert certificate.issued is not None
    store.deployments.claim(certificate.id, (), NOW)
    begun = store.deployments.get(certificate.deployments[0].id)
    store.deployments.save(replace(begun, status=DeploymentStatus.DEPLOYED), certificate.issued.id, NOW)
    assert store.certificates.get(certificate.id).status is Status.HEALTHY


def test_what_is_not_there_is_refused(store: Store) -> None:
    certificate = deployed(store, "one")
    with pytest.raises(NotFound, match="no deployment nowhere"):
        store.deployments.claim(certificate.id, ["nowhere"], NOW)


def test_what_is_deployed_nowhere_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput, match="deployed nowhere"):
        store.deployments.claim(deployed(store).id, (), NOW)


def test_what_is_not_issued_yet_is_refused(store: Store) -> None:
    places = (DeploymentSettings(target="one"),)
    certificate = store.certificates.create(wanting(deployments=places), NOW)
    with pytest.raises(NotFound, match="no certificate yet"):
        store.deployments.claim(certificate.id, (), NOW)
