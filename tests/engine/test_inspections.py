"""What deployments would do and whether they are served is looked at, and nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from certify_core.api import CertificateBundle, NotFound, PlannedChange
from certify_core.domain.settings import DeploymentSettings
from tests.support.plugins import FakeTarget, PlaceParameters
from tests.support.stores import NOW, wanting
from tests.support.workshop import REFUSED, Open, failing


class Unplannable(FakeTarget):
    """A target that cannot say what it would do."""

    def plan(self, bundle: CertificateBundle, parameters: PlaceParameters) -> Sequence[PlannedChange]:
        """Refuse."""
        raise REFUSED


def test_the_plan_asks_every_target_and_applies_nothing(workshop: Open) -> None:
    targets = FakeTarget("one"), FakeTarget("two")
    shop = workshop(*targets)
    certificate = shop.issued("one", "two")
    planned = shop.inspections.plan(certificate.id)
    changes = [[(change.action, change.subject) for change in found.changes] for found in planned]
    assert (changes, [target.steps for target in targets]) == ([[("write", "somewhere")]] * 2, [[], []])


def test_there_is_no_plan_before_there_is_a_certificate(workshop: Open) -> None:
    shop = workshop(FakeTarget())
    created = shop.store.certificates.create(wanting(deployments=(DeploymentSettings(target="fake"),)), NOW)
    with pytest.raises(NotFound, match=r"app\.test has no certificate yet"):
        shop.inspections.plan(created.id)


def test_a_target_that_cannot_plan_keeps_none_of_the_others_from_it(workshop: Open) -> None:
    shop = workshop(Unplannable("bad"), FakeTarget("good"))
    bad, good = shop.inspections.plan(shop.issued("bad", "good").id)
    assert (bad.failure is not None and bad.failure.cause, len(good.changes)) == (REFUSED.cause, 1)


def test_every_place_is_verified_and_nothing_applied(workshop: Open) -> None:
    targets = FakeTarget("one"), FakeTarget("two")
    shop = workshop(*targets)
    seen = shop.inspections.verify(shop.issued("one", "two").id)
    assert [item.failure for item in seen] == [None, None]
    assert [target.steps for target in targets] == [["verify"], ["verify"]]


@pytest.mark.parametrize("error", [REFUSED, ValueError("lost"), SystemExit(3)])
def test_a_place_that_is_not_as_it_should_be_is_told_and_its_state_stays(workshop: Open, error: BaseException) -> None:
    shop = workshop(FakeTarget(verify=failing(error)), FakeTarget("good"))
    certificate = shop.issued("fake", "good")
    before = shop.store.certificates.get(certificate.id)
    bad, good = shop.inspections.verify(certificate.id)
    assert (bad.failure is None, good.failure) == (False, None)
    assert (shop.store.certificates.get(certificate.id), shop.told) == (before, [])


def test_one_place_can_be_looked_at_alone(workshop: Open) -> None:
    one, two = FakeTarget("one"), FakeTarget("two")
    shop = workshop(one, two)
    certificate = shop.issued("one", "two")
    shop.inspections.verify(certificate.id, [certificate.deployments[1].id])
    assert (one.steps, two.steps) == ([], ["verify"])


def test_a_place_that_is_not_there_is_named(workshop: Open) -> None:
    shop = workshop(FakeTarget())
    with pytest.raises(NotFound, match="no deployment nowhere"):
        shop.inspections.verify(shop.issued("fake").id, ["nowhere"])
