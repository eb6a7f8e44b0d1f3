"""Deployments: the current certificate is applied and verified at each of its places."""

from __future__ import annotations

import threading

import pytest

from certify_core.api import NotFound
from certify_core.domain.certificate import DeploymentStatus
from certify_core.domain.settings import DeploymentSettings
from certify_core.engine.events import EventKind
from certify_core.engine.redeployments import Redeployments
from tests.support.plugins import FakeTarget
from tests.support.stores import KEY_PEM, NOW, wanting
from tests.support.workshop import CHAIN, LEAF, REFUSED, Open, failing


def test_a_certificate_is_applied_and_then_verified(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert certificate.issued is not None
    assert target.steps == ["apply", "verify"]
    assert (deployment.status, deployment.deployed_id) == (DeploymentStatus.DEPLOYED, certificate.issued.id)
    assert shop.kinds == [EventKind.DEPLOYED, EventKind.VERIFIED]


def test_the_target_gets_certificate_chain_and_key_apart(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    shop.issued("fake")
    shop.run_due()
    (bundle,) = target.bundles
    assert (bundle.certificate_pem, bundle.chain_pem, bundle.private_key_pem) == (LEAF, CHAIN, KEY_PEM)


def test_the_target_gets_its_password(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    place = DeploymentSettings(target="fake", parameters={"password": "hidden words"})
    settings = shop.wanted.checked(wanting(deployments=(place,)))
    shop.renewed(shop.store.certificates.create(settings, NOW))
    shop.run_due()
    assert target.passwords == ["hidden words"]


def test_a_renewal_during_a_deployment_leaves_the_new_certificate_due(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    first = shop.issued("fake")
    target.do_verify = lambda: None if len(target.bundles) > 1 else void(shop.renewed(first))
    shop.run_due()
    between = shop.statuses(first)
    shop.run_due()
    after = shop.store.certificates.get(first.id)
    assert after.issued is not None
    assert (between, after.deployments[0].deployed_id) == ([DeploymentStatus.PENDING], after.issued.id)


def test_a_deployment_that_is_wanted_again_while_it_runs_is_done_again(workshop: Open) -> None:
    """The end of what began before is not told as the end of what was wanted since."""
    target = FakeTarget()
    shop = workshop(target)
    certificate = shop.issued("fake")
    submitted: list[str] = []
    again = Redeployments(shop.store, lambda: NOW, threading.Lock(), submitted.append)
    target.do_verify = lambda: None if len(target.bundles) > 1 else again.want(certificate.id)
    shop.run_due()
    between = shop.statuses(certificate)
    for deployment_id in submitted:
        shop.deployments.run(deployment_id)
    assert (between, shop.statuses(certificate)) == ([DeploymentStatus.PENDING], [DeploymentStatus.DEPLOYED])


def void(_: object) -> None:
    """Return nothing."""


@pytest.mark.parametrize("outcome", [None, REFUSED])
def test_a_certificate_that_is_deleted_during_a_deployment_is_no_error(
    workshop: Open, outcome: Exception | None
) -> None:
    target = FakeTarget()
    shop = workshop(target)
    certificate = shop.issued("fake")

    def delete() -> None:
        shop.store.certificates.delete(certificate.id)
        if outcome is not None:
            raise outcome

    target.do_apply = delete
    shop.run_due()
    with pytest.raises(NotFound):
        shop.store.certificates.get(certificate.id)
    assert shop.settled == [certificate.id]


def test_a_deployment_that_is_gone_is_not_run(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    shop.deployments.run("nothing")
    assert (target.steps, shop.settled) == ([], [])


def test_a_deployment_without_a_certificate_is_not_run(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    created = shop.store.certificates.create(wanting(deployments=(DeploymentSettings(target="fake"),)), NOW)
    shop.deployments.run(created.deployments[0].id)
    assert target.steps == []


def test_each_deployment_that_ends_is_told_to_who_waits(workshop: Open) -> None:
    shop = workshop(FakeTarget("good"), FakeTarget("bad", apply=failing(REFUSED)))
    certificate = shop.issued("good", "bad")
    shop.run_due()
    assert shop.settled == [certificate.id] * 2
