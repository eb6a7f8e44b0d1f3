"""Deployments that fail: rolled back, told, tried again after growing waits, and nobody else is harmed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from certify_core.api import FailureClass
from certify_core.domain.certificate import DeploymentStatus
from certify_core.engine.events import EventKind
from tests.support.plugins import FakeTarget
from tests.support.stores import DAY, open_store
from tests.support.workshop import REFUSED, Open, failing


def test_what_is_not_served_is_rolled_back_and_tried_again(workshop: Open) -> None:
    target = FakeTarget(verify=failing(REFUSED))
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert target.steps == ["apply", "verify", "roll back"]
    assert (deployment.status, deployment.failure) == (DeploymentStatus.FAILED, REFUSED.failure("deploy"))
    assert shop.kinds == [EventKind.DEPLOYED, EventKind.WARNING, EventKind.DEPLOYMENT_FAILED]


def test_what_could_not_be_applied_is_not_verified_and_not_rolled_back(workshop: Open) -> None:
    target = FakeTarget(apply=failing(REFUSED))
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    assert (target.steps, shop.statuses(certificate)) == (["apply"], [DeploymentStatus.FAILED])


def test_a_target_that_cannot_go_back_fails_all_the_same(workshop: Open) -> None:
    target = FakeTarget(verify=failing(REFUSED), undo=None)
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    assert (target.steps, shop.statuses(certificate)) == (["apply", "verify"], [DeploymentStatus.FAILED])


@pytest.mark.parametrize("error", [OSError("gone"), SystemExit(3)])
def test_a_roll_back_that_fails_is_told_and_hides_nothing(workshop: Open, error: BaseException) -> None:
    target = FakeTarget(verify=failing(REFUSED), undo=failing(error))
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert deployment.failure == REFUSED.failure("deploy")
    assert "the previous certificate could not be put back at fake" in shop.told


ODD_ERRORS = [ValueError("odd"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()]


@pytest.mark.parametrize("step", ["apply", "verify"])
@pytest.mark.parametrize("error", ODD_ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_target_raises_is_a_failure_that_names_it(workshop: Open, error: BaseException, step: str) -> None:
    target = FakeTarget()
    setattr(target, f"do_{step}", failing(error))
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert deployment.failure is not None
    assert type(error).__name__ in deployment.failure.cause
    assert (deployment.status, deployment.failure.failure_class) == (DeploymentStatus.FAILED, FailureClass.LOCAL)
    assert "roll back" in target.steps or step == "apply"


def test_one_failing_target_harms_only_itself(workshop: Open) -> None:
    good, bad, other = FakeTarget("good"), FakeTarget("bad", apply=failing(SystemExit(1))), FakeTarget("other")
    shop = workshop(good, bad, other)
    certificate = shop.issued("good", "bad", "other")
    shop.run_due()
    deployed, failed = DeploymentStatus.DEPLOYED, DeploymentStatus.FAILED
    assert shop.statuses(certificate) == [deployed, failed, deployed]


def test_a_target_whose_plugin_is_gone_harms_only_itself(workshop: Open) -> None:
    shop = workshop(FakeTarget("good"))
    certificate = shop.issued("gone", "good")
    shop.run_due()
    (gone, _) = shop.store.certificates.get(certificate.id).deployments
    assert gone.failure is not None
    assert "'gone'" in gone.failure.cause
    assert shop.statuses(certificate) == [DeploymentStatus.FAILED, DeploymentStatus.DEPLOYED]


def test_only_what_failed_is_tried_again(workshop: Open) -> None:
    good, bad = FakeTarget("good"), FakeTarget("bad", verify=failing(REFUSED))
    shop = workshop(good, bad)
    certificate = shop.issued("good", "bad")
    shop.run_due()
    shop.now += DAY
    bad.do_verify = lambda: None
    shop.run_due()
    assert (len(good.bundles), len(bad.bundles)) == (1, 2)
    assert shop.statuses(certificate) == [DeploymentStatus.DEPLOYED] * 2


def test_the_waits_between_failures_grow_and_survive_a_restart(workshop: Open, tmp_path: Path) -> None:
    shop = workshop(FakeTarget(apply=failing(REFUSED)))
    certificate = shop.issued("fake")
    waits = []
    for _ in range(5):
        shop.run_due()
        with open_store(tmp_path) as restarted:
            (deployment,) = restarted.certificates.get(certificate.id).deployments
        assert deployment.next_attempt_at is not None
        waits.append(deployment.next_attempt_at - shop.now)
        shop.now = deployment.next_attempt_at
    assert [60 <= waits[0] <= 66, 600 <= waits[1] <= 660, 6000 <= waits[2] <= 6600] == [True] * 3
    assert [DAY <= wait <= 1.1 * DAY for wait in waits[3:]] == [True] * 2


def test_nothing_is_tried_before_the_wait_is_over(workshop: Open) -> None:
    target = FakeTarget(apply=failing(REFUSED))
    shop = workshop(target)
    shop.issued("fake")
    shop.run_due()
    shop.now += 59
    shop.run_due()
    assert len(target.bundles) == 1


def test_success_forgets_the_failures_before(workshop: Open) -> None:
    target = FakeTarget(apply=failing(REFUSED))
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.run_due()
    shop.now += DAY
    target.do_apply = lambda: None
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert (deployment.failure, deployment.failure_count, deployment.next_attempt_at) == (None, 0, None)


def test_a_certificate_whose_files_are_gone_is_a_failure_with_a_remedy(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.store.assets.delete(certificate.id)
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert deployment.failure is not None
    assert (target.steps, "Restore the folder" in deployment.failure.remedy) == ([], True)
