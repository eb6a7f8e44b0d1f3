"""When a certificate is due, how long a failure holds it back, and how it is doing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.domain.ari import RenewalInformation, Suggestion, begun, read
from certify_core.domain.certificate import Deployment, DeploymentStatus, Issued, ManagedCertificate, Status
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.schedule import (
    AT_ONCE,
    DAY,
    JITTER,
    MINUTE,
    Due,
    DueReason,
    backoff,
    counts,
    due,
    status_of,
    wait_after,
)
from certify_core.domain.settings import CertificateSettings, DeploymentSettings

NOW = 1_800_000_000.0
HOUR = 3600.0
FAILURE = Failure(failure_class=FailureClass.USER, cause="Port 80 is closed.", remedy="Open it.")
LIMITED = Failure(failure_class=FailureClass.LIMIT, cause="Too many.", remedy="Wait.", retry_after=36.0)
LIFETIMES = {"24 hours": DAY, "160 hours": 160 * HOUR, "45 days": 45 * DAY, "64 days": 64 * DAY, "90 days": 90 * DAY}


def settings(**changes: Any) -> CertificateSettings:
    """Return what somebody wants of www.example.test."""
    return CertificateSettings.model_validate({"identifiers": ["www.example.test"], **changes})


def managed(**changes: Any) -> ManagedCertificate:
    """Return a managed certificate that was created an hour ago."""
    certificate = ManagedCertificate("c1", 1, settings(), created_at=NOW - HOUR, updated_at=NOW - HOUR)
    return replace(certificate, **changes)


def issued(lifetime: float = 90 * DAY, *, age: float = 0.0, for_settings: CertificateSettings | None = None) -> Issued:
    """Return a certificate that became valid `age` seconds ago."""
    return Issued(
        id="i1",
        serial="01",
        thumbprint="AA",
        issuer="CN=Test",
        not_before=NOW - age,
        not_after=NOW - age + lifetime,
        request_digest=(for_settings or settings()).request_digest,
    )


WAITING = {"begins": "when-asked"}


def test_one_that_waits_to_be_asked_for_is_not_due() -> None:
    assert due(managed(settings=settings(renewal=WAITING))) == Due(None, DueReason.NOT_BEGUN)


def test_asked_for_it_is_due_at_once() -> None:
    certificate = managed(settings=settings(renewal=WAITING), requested_at=NOW)
    assert due(certificate) == Due(AT_ONCE, DueReason.REQUESTED)


def test_asked_for_without_success_it_is_tried_again_by_itself() -> None:
    certificate = managed(settings=settings(renewal=WAITING), failure=FAILURE, retry_at=NOW + MINUTE)
    assert due(certificate) == Due(NOW + MINUTE, DueReason.NEVER_ISSUED)


def test_once_issued_it_is_renewed_like_any_other() -> None:
    wish = settings(renewal=WAITING)
    certificate = managed(settings=wish, issued=issued(for_settings=wish))
    assert due(certificate) == due(managed(issued=issued()))


def deployment(status: DeploymentStatus) -> Deployment:
    """Return a deployment of this status."""
    return Deployment("d1", "c1", DeploymentSettings(target="files"), status=status)


def test_a_certificate_that_was_never_issued_is_due_at_once() -> None:
    assert due(managed()).at == AT_ONCE


def test_a_request_is_due_at_once_in_spite_of_a_failure() -> None:
    certificate = managed(requested_at=NOW, retry_at=NOW + DAY, failure=FAILURE)
    assert due(certificate) == due(replace(certificate, retry_at=None))


def test_an_order_under_way_is_continued_after_its_waiting_time() -> None:
    assert due(managed(order_id="o1", retry_at=NOW + MINUTE)).at == NOW + MINUTE


def test_without_automatic_renewal_nothing_is_ever_due_by_itself() -> None:
    manual = settings(renewal={"automatic": False})
    assert due(managed(settings=manual)).at is None


def test_changed_settings_are_due_although_the_certificate_is_fresh() -> None:
    wider = settings(identifiers=["www.example.test", "api.example.test"])
    assert due(managed(settings=wider, issued=issued())).reason is DueReason.SETTINGS_CHANGED


@pytest.mark.parametrize("lifetime", LIFETIMES.values(), ids=LIFETIMES.keys())
def test_renewal_comes_after_two_thirds_of_any_lifetime_or_slightly_earlier(lifetime: float) -> None:
    moment = due(managed(issued=issued(lifetime))).at
    assert moment is not None
    share = (moment - NOW) / lifetime
    assert 0.667 * (1 - JITTER) <= share <= 0.667


def test_the_renewal_moment_is_the_same_whenever_it_is_asked() -> None:
    certificate = managed(issued=issued())
    assert due(certificate) == due(certificate)


def test_certificates_of_one_moment_are_not_renewed_at_one_moment() -> None:
    moments = {due(managed(id=f"c{number}", issued=issued())).at for number in range(50)}
    assert len(moments) == 50


def test_a_failed_renewal_waits_for_its_time() -> None:
    certificate = managed(issued=issued(age=80 * DAY), retry_at=NOW + 10 * MINUTE, failure=FAILURE)
    assert due(certificate).at == NOW + 10 * MINUTE


def suggested(start: float, end: float, *, stale: bool = False) -> RenewalInformation:
    """Return the reading of a window."""
    return read(begun("AQ.Ag", NOW, None), Suggestion(start, end), NOW).model_copy(update={"stale": stale})


@pytest.mark.parametrize("lifetime", LIFETIMES.values(), ids=LIFETIMES.keys())
@pytest.mark.parametrize(
    ("start", "end"), [(-0.5, -0.4), (-0.1, 0.1), (0.1, 0.2), (0.49, 0.51), (0.66, 0.68), (0.8, 0.9)]
)
def test_the_moment_in_the_window_goes_before_our_own_rule(lifetime: float, start: float, end: float) -> None:
    known = suggested(NOW + start * lifetime, NOW + end * lifetime)
    assert known.window is not None
    assert due(managed(issued=issued(lifetime), ari=known)) == Due(known.window.chosen, DueReason.ARI)


@pytest.mark.parametrize("lifetime", LIFETIMES.values(), ids=LIFETIMES.keys())
def test_with_a_twentieth_of_the_lifetime_left_no_window_is_waited_for(lifetime: float) -> None:
    certificate = managed(issued=issued(lifetime), ari=suggested(NOW + 0.96 * lifetime, NOW + 2 * lifetime))
    moment = due(certificate)
    assert moment.reason is DueReason.EMERGENCY
    assert moment.at == pytest.approx(NOW + 0.95 * lifetime)


@given(start=st.floats(-10, 10), length=st.floats(0.001, 10), percent=st.floats(1, 99.9), stale=st.booleans())
def test_nothing_makes_a_renewal_later_than_a_twentieth_before_the_end(
    start: float, length: float, percent: float, stale: bool
) -> None:
    known = suggested(NOW + start * 90 * DAY, NOW + (start + length) * 90 * DAY, stale=stale)
    wish = settings(renewal={"at_percent": percent})
    moment = due(managed(settings=wish, issued=issued(for_settings=wish), ari=known)).at
    assert moment is not None
    assert moment <= NOW + 0.95 * 90 * DAY


def test_a_stale_window_later_than_our_own_rule_gives_way_to_it() -> None:
    certificate = managed(issued=issued(), ari=suggested(NOW + 70 * DAY, NOW + 80 * DAY, stale=True))
    assert due(certificate) == due(replace(certificate, ari=None))


def test_a_stale_window_earlier_than_our_own_rule_still_counts() -> None:
    certificate = managed(issued=issued(), ari=suggested(NOW - DAY, NOW, stale=True))
    assert due(certificate).reason is DueReason.ARI


def test_without_a_window_our_own_rule_stands() -> None:
    certificate = managed(issued=issued())
    assert due(replace(certificate, ari=begun("AQ.Ag", NOW, None))) == due(certificate)


def test_a_failure_holds_back_a_renewal_that_the_authority_wants() -> None:
    certificate = managed(issued=issued(), ari=suggested(NOW - DAY, NOW), retry_at=NOW + MINUTE, failure=FAILURE)
    assert due(certificate) == Due(NOW + MINUTE, DueReason.ARI)


def test_without_automatic_renewal_no_window_makes_it_due() -> None:
    manual = settings(renewal={"automatic": False})
    assert due(managed(settings=manual, issued=issued(), ari=suggested(NOW - DAY, NOW))).at is None


@pytest.mark.parametrize(
    ("age", "wait"),
    [(60 * DAY, DAY), (85 * DAY, DAY / 2), (86 * DAY, 90 * DAY / 200), (100 * DAY, 90 * DAY / 200)],
    ids=["long before", "half a day before", "in it", "expired"],
)
def test_waiting_after_failures_ends_at_the_emergency_and_is_shorter_from_then_on(age: float, wait: float) -> None:
    certificate = managed(issued=issued(age=age), failure_count=10, failure=FAILURE)
    assert wait <= wait_after(certificate, FAILURE, NOW) <= 1.1 * wait


def test_even_an_emergency_waits_as_long_as_the_other_side_asks() -> None:
    failure = FAILURE.model_copy(update={"retry_after": 3 * DAY})
    assert wait_after(managed(issued=issued(age=89 * DAY), failure_count=3), failure, NOW) >= 3 * DAY


@pytest.mark.parametrize(
    ("count", "wait"), [(1, MINUTE), (2, 10 * MINUTE), (3, 100 * MINUTE), (4, DAY), (5, DAY), (1000, DAY)]
)
def test_failures_are_followed_by_1_10_100_minutes_and_then_a_day(count: int, wait: float) -> None:
    assert wait <= backoff(count, FAILURE, "c1") <= 1.1 * wait


@given(count=st.integers(1, 100), asked=st.floats(0, 1e6))
def test_the_wait_is_never_shorter_than_the_other_side_asked_for(count: int, asked: float) -> None:
    failure = FAILURE.model_copy(update={"retry_after": asked})
    assert backoff(count, failure, "c1") >= asked


@pytest.mark.parametrize("asked", [4.0, 36.0, 34 * HOUR])
def test_a_limit_is_waited_for_until_it_ends_and_hardly_longer(asked: float) -> None:
    assert asked <= backoff(1, LIMITED.model_copy(update={"retry_after": asked}), "c1") <= asked + min(0.1 * asked, 5.0)


@pytest.mark.parametrize("asked", [None, 0.0])
def test_a_limit_that_does_not_say_when_it_ends_is_waited_for_like_any_failure(asked: float | None) -> None:
    limited = LIMITED.model_copy(update={"retry_after": asked})
    assert (counts(limited), backoff(1, limited, "c1") >= MINUTE) == (True, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.WAITING),
        ({"failure": FAILURE}, Status.ERROR),
        ({"failure": LIMITED}, Status.WAITING),
        ({"issued": issued()}, Status.HEALTHY),
        ({"issued": issued(), "failure": FAILURE}, Status.WARNING),
        ({"issued": issued(age=91 * DAY)}, Status.ERROR),
        ({"issued": issued(), "deployments": (deployment(DeploymentStatus.PENDING),)}, Status.DEPLOYING),
        ({"issued": issued(), "deployments": (deployment(DeploymentStatus.DEPLOYED),)}, Status.HEALTHY),
        ({"issued": issued(), "deployments": (deployment(DeploymentStatus.FAILED),)}, Status.WARNING),
    ],
    ids=[
        "nothing yet",
        "nothing and a failure",
        "nothing and a limit",
        "issued",
        "issued, renewal failed",
        "expired",
        "deploying",
        "deployed",
        "deployment failed",
    ],
)
def test_the_status_tells_how_a_certificate_is_doing(changes: dict[str, Any], status: Status) -> None:
    assert status_of(managed(**changes), NOW) is status
