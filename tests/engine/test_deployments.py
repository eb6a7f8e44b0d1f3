"""Deployments: apply, verify, roll back; each target alone bears what it does wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certify_core.api import DeploymentFailed, FailureClass, NotFound
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate
from certify_core.domain.settings import DeploymentSettings
from certify_core.engine.deployments import Deployments
from certify_core.engine.events import EventKind, Events
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.plugins import FakeTarget, plugins_with
from tests.support.stores import DAY, KEY_PEM, NOW, issue, open_store, wanting

LEAF = "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n"
CHAIN = "-----BEGIN CERTIFICATE-----\nY2hhaW4=\n-----END CERTIFICATE-----\n"


def failing(error: BaseException) -> Callable[[], None]:
    """Return a step that raises."""

    def step() -> None:
        raise error

    return step


REFUSED = DeploymentFailed("The server does not serve it.", "Reload it.")


class Workshop:
    """The engine's deployments with targets of a test."""

    def __init__(self, store: Store, folder: Path, *targets: FakeTarget) -> None:
        self.store = store
        self.now = NOW
        self.told: list[str] = []
        self.settled: list[str] = []
        events = Events(lambda: self.now)
        events.subscribe(lambda event: self.told.append(event.message))
        self.kinds: list[EventKind] = []
        events.subscribe(lambda event: self.kinds.append(event.kind))
        wanted = Wanted(plugins_with(folder, *targets), store.vault)
        self.wanted = wanted
        self.deployments = Deployments(store, wanted, events, lambda: self.now, self.settled.append)

    def issued(self, *targets: str) -> ManagedCertificate:
        """Return a certificate that is issued and saved, and due at these targets."""
        settings = wanting(deployments=tuple(DeploymentSettings(target=name) for name in targets))
        return self.renewed(self.store.certificates.create(settings, NOW))

    def renewed(self, certificate: ManagedCertificate) -> ManagedCertificate:
        """Return the certificate with a new one issued."""
        certificate = issue(self.store, certificate, at=self.now)
        assert certificate.issued is not None
        self.store.assets.save(certificate.id, certificate.issued.id, LEAF + CHAIN, KEY_PEM)
        return certificate

    def run_due(self) -> None:
        """Run what is due, as the scheduler has it run."""
        for deployment_id in self.store.schedule.claim_due_deployments(self.now, 100):
            self.deployments.run(deployment_id)

    def statuses(self, certificate: ManagedCertificate) -> list[DeploymentStatus]:
        """Return how the deployments of a certificate stand."""
        return [item.status for item in self.store.certificates.get(certificate.id).deployments]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with open_store(tmp_path) as opened:
        yield opened


Open = Callable[..., Workshop]


@pytest.fixture
def workshop(store: Store, tmp_path: Path) -> Open:
    """Open the workshop with targets."""
    return lambda *targets: Workshop(store, tmp_path, *targets)


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


def test_a_certificate_whose_files_are_gone_is_a_failure_with_a_remedy(workshop: Open) -> None:
    target = FakeTarget()
    shop = workshop(target)
    certificate = shop.issued("fake")
    shop.store.assets.delete(certificate.id)
    shop.run_due()
    (deployment,) = shop.store.certificates.get(certificate.id).deployments
    assert deployment.failure is not None
    assert (target.steps, "Restore the folder" in deployment.failure.remedy) == ([], True)


def test_each_deployment_that_ends_is_told_to_who_waits(workshop: Open) -> None:
    shop = workshop(FakeTarget("good"), FakeTarget("bad", apply=failing(REFUSED)))
    certificate = shop.issued("good", "bad")
    shop.run_due()
    assert shop.settled == [certificate.id] * 2


def test_the_plan_asks_every_target_and_applies_nothing(workshop: Open) -> None:
    targets = FakeTarget("one"), FakeTarget("two")
    shop = workshop(*targets)
    certificate = shop.issued("one", "two")
    planned = shop.deployments.plan(certificate)
    changes = [[(change.action, change.subject) for change in found] for _, found in planned]
    assert (changes, [target.steps for target in targets]) == ([[("write", "somewhere")]] * 2, [[], []])


def test_there_is_no_plan_before_there_is_a_certificate(workshop: Open) -> None:
    shop = workshop(FakeTarget())
    created = shop.store.certificates.create(wanting(deployments=(DeploymentSettings(target="fake"),)), NOW)
    with pytest.raises(NotFound, match=r"app\.test has no certificate yet"):
        shop.deployments.plan(created)
