"""Where the next order goes and for which names, after those before it have failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certify_core.domain.attempts import (
    COMPLETE_EVERY,
    Attempt,
    Outcome,
    after_failure,
    after_success,
    deviations,
    next_attempt,
)
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.keys import KeyType
from certify_core.domain.order import Order, OrderState
from certify_core.domain.schedule import DAY, MINUTE, DueReason, due
from certify_core.domain.setbacks import NO_SETBACKS, Setbacks
from certify_core.domain.settings import CertificateSettings, ChallengeSettings, OrderWishes

NOW = 1_800_000_000.0
LIFETIME = 90 * DAY
NAMES = ["a.example.test", "b.example.test"]
DOWN = Failure(failure_class=FailureClass.AUTHORITY, cause="It is down.", remedy="Wait.")
LIMITED = Failure(failure_class=FailureClass.LIMIT, cause="Too many.", remedy="Wait.", retry_after=20 * DAY)
POLICY = Failure(failure_class=FailureClass.POLICY, cause="Not here.", remedy="Elsewhere.")
LOCAL = Failure(failure_class=FailureClass.LOCAL, cause="The disk is full.", remedy="Make room.")
UNSEEN = Failure(
    failure_class=FailureClass.USER, cause="Port 80 is closed.", remedy="Open it.", identifiers=("b.example.test",)
)


def settings(**on_failure: Any) -> CertificateSettings:
    """Return what somebody wants of two names of the authority `first`."""
    wanted = {"identifiers": NAMES, "authority": "first", "order": {"profile": "tlsserver"}, "on_failure": on_failure}
    return CertificateSettings.model_validate(wanted)


def managed(*, left: float | None = None, left_out: tuple[str, ...] = (), **changes: Any) -> ManagedCertificate:
    """Return a managed certificate: without one, or with one of whose lifetime this share is left."""
    wanted = changes.pop("settings", settings())
    issued = None
    if left is not None:
        issued = Issued(
            id="i1",
            serial="01",
            thumbprint="AA",
            issuer="CN=Test",
            not_before=NOW - (1 - left) * LIFETIME,
            not_after=NOW + left * LIFETIME,
            request_digest=wanted.request_digest,
            left_out=left_out,
        )
    certificate = ManagedCertificate("c1", 1, wanted, created_at=NOW, updated_at=NOW, issued=issued)
    return replace(certificate, **changes)


def order(certificate: ManagedCertificate, rehearsal: str | None = None, **changes: Any) -> Order:
    """Return the order of the certificate's next attempt."""
    attempt = next_attempt(certificate, rehearsal, NOW)
    made = Order(
        id="o1",
        certificate_id=certificate.id,
        authority=attempt.authority,
        ca_bundle=None,
        identifiers=certificate.settings.parsed_identifiers,
        request_digest=certificate.settings.request_digest,
        challenge=ChallengeSettings(),
        wishes=OrderWishes(),
        private_key_pem="",
        csr_der=b"",
        created_at=NOW,
        rehearsal=attempt.rehearsal,
    )
    return replace(made, **changes)


def failed(certificate: ManagedCertificate, failure: Failure, now: float = NOW, **changes: Any) -> Outcome:
    """Return what follows when the certificate's next attempt fails."""
    return after_failure(certificate, order(certificate, **changes), failure, now)


def following(certificate: ManagedCertificate, outcome: Outcome) -> ManagedCertificate:
    """Return the certificate after that."""
    return replace(certificate, setbacks=outcome.setbacks, failure_count=certificate.failure_count + 1)


def test_the_first_attempt_is_as_the_settings_say() -> None:
    assert next_attempt(managed(), None, NOW) == Attempt(
        "first", tuple(NAMES), OrderWishes(profile="tlsserver"), KeyType.P256
    )


# -- fallback ----------------------------------------------------------------------------------------------------

FALLBACKS = settings(fallback_authorities=["second", "third"])


@pytest.mark.parametrize("failure", [LIMITED, POLICY])
def test_without_a_certificate_another_authority_has_its_turn_at_once(failure: Failure) -> None:
    outcome = failed(managed(settings=FALLBACKS), failure)
    assert (outcome.setbacks.authority, outcome.retry_at, outcome.moves_on) == ("second", NOW, True)


def test_an_authority_that_is_down_is_tried_twice_before_it_is_left() -> None:
    certificate = managed(settings=FALLBACKS)
    first = failed(certificate, DOWN)
    second = failed(following(certificate, first), DOWN)
    assert (first.setbacks.authority, first.moves_on) == (None, False)
    assert (second.setbacks.authority, second.retry_at) == ("second", NOW)


@pytest.mark.parametrize("failure", [DOWN, POLICY])
def test_with_time_left_the_first_authority_is_waited_for(failure: Failure) -> None:
    outcome = failed(managed(settings=FALLBACKS, left=0.3, failure_count=2), failure)
    assert (outcome.setbacks.authority, outcome.moves_on) == (None, False)


@pytest.mark.parametrize("failure", [DOWN, LIMITED, POLICY])
def test_with_a_sixth_of_the_lifetime_left_another_authority_has_its_turn(failure: Failure) -> None:
    outcome = failed(managed(settings=FALLBACKS, left=0.16), failure)
    assert (outcome.setbacks.authority, outcome.retry_at) == ("second", NOW)


@pytest.mark.parametrize("failure", [DOWN, LIMITED, POLICY])
def test_for_a_certificate_that_is_revoked_nobody_is_waited_for(failure: Failure) -> None:
    certificate = managed(settings=FALLBACKS, left=0.9)
    assert certificate.issued is not None
    revoked = replace(certificate, issued=certificate.issued.model_copy(update={"replace": True}))
    assert failed(revoked, failure).setbacks.authority == "second"


def test_a_limit_that_lasts_too_long_is_waited_for_only_while_there_is_time() -> None:
    outcome = failed(managed(settings=FALLBACKS, left=0.2), LIMITED)
    assert outcome.setbacks.authority == "second"
    assert outcome.retry_at == pytest.approx(NOW + (0.2 - 1 / 6) * LIFETIME)


def test_each_authority_has_its_turn_and_then_all_wait() -> None:
    certificate, turns, waits = managed(settings=FALLBACKS), [], []
    for _ in range(6):
        turns.append(next_attempt(certificate, None, NOW).authority)
        outcome = failed(certificate, POLICY)
        waits.append(outcome.retry_at != NOW)
        certificate = following(certificate, outcome)
    assert turns == ["first", "second", "third"] * 2
    assert waits == [False, False, True] * 2


@pytest.mark.parametrize("failure", [LOCAL, UNSEEN])
def test_what_no_authority_can_help_sends_the_order_nowhere_else(failure: Failure) -> None:
    assert failed(managed(settings=FALLBACKS, left=0.01), failure).setbacks.authority is None


def test_without_fallbacks_the_authority_is_waited_for() -> None:
    outcome = failed(managed(left=0.01), DOWN)
    assert (outcome.setbacks.authority, outcome.moves_on) == (None, False)


def test_an_order_that_may_be_issued_already_is_not_left() -> None:
    outcome = failed(managed(settings=FALLBACKS, left=0.16), DOWN, state=OrderState.FINALIZED)
    assert not outcome.moves_on


def test_at_its_very_end_it_is_left_all_the_same() -> None:
    outcome = failed(managed(settings=FALLBACKS, left=0.01), DOWN, state=OrderState.FINALIZED)
    assert outcome.setbacks.authority == "second"


def test_profile_and_lifetime_are_the_first_authoritys_own() -> None:
    certificate = managed(settings=FALLBACKS, setbacks=Setbacks(authority="second"))
    assert next_attempt(certificate, None, NOW).wishes == OrderWishes()


def test_after_a_success_the_first_authority_is_the_first_again() -> None:
    certificate = managed(left=1.0, setbacks=Setbacks(authority="second", names={"b.example.test": 2}))
    assert certificate.issued is not None
    assert after_success(certificate, certificate.issued, NOW) == NO_SETBACKS


# -- rehearsal ---------------------------------------------------------------------------------------------------


def test_a_name_that_was_refused_is_rehearsed_before_it_counts() -> None:
    certificate = managed()
    refused = following(certificate, failed(certificate, UNSEEN, state=OrderState.VALIDATING))
    attempt = next_attempt(refused, "tests", NOW)
    assert (attempt.authority, attempt.rehearsal) == ("tests", True)


def test_without_an_authority_for_tests_nothing_is_rehearsed() -> None:
    assert not next_attempt(managed(setbacks=Setbacks(rehearse=True)), None, NOW).rehearsal


@pytest.mark.parametrize("state", [OrderState.PREPARED, OrderState.CHALLENGED])
def test_what_failed_before_the_authority_looked_needs_no_rehearsal(state: OrderState) -> None:
    assert not failed(managed(), UNSEEN, state=state).setbacks.rehearse


def test_a_rehearsal_that_fails_is_repeated() -> None:
    outcome = failed(managed(setbacks=Setbacks(rehearse=True)), UNSEEN, rehearsal="tests", state=OrderState.VALIDATING)
    assert outcome.setbacks.rehearse


@pytest.mark.parametrize("failure", [DOWN, LIMITED, POLICY])
def test_an_authority_for_tests_that_does_not_work_is_done_without(failure: Failure) -> None:
    outcome = failed(managed(setbacks=Setbacks(rehearse=True)), failure, rehearsal="tests")
    assert (outcome.setbacks.rehearse, outcome.retry_at, outcome.moves_on) == (False, NOW, True)


def test_a_rehearsal_that_cannot_begin_is_done_without() -> None:
    unknown = Failure(failure_class=FailureClass.USER, cause="There is no authority tests.", remedy="Name another.")
    assert not failed(managed(setbacks=Setbacks(rehearse=True)), unknown, rehearsal="tests").setbacks.rehearse


# -- partial names -----------------------------------------------------------------------------------------------

PARTIAL = settings(leave_out_after=2)


def test_failures_are_counted_by_name() -> None:
    certificate = managed(setbacks=Setbacks(names={"b.example.test": 1}))
    assert failed(certificate, UNSEEN).setbacks.names == {"b.example.test": 2}


def test_a_name_that_failed_too_often_is_left_out() -> None:
    certificate = managed(settings=PARTIAL, failure_count=2, setbacks=Setbacks(names={"b.example.test": 2}))
    attempt = next_attempt(certificate, None, NOW)
    assert (attempt.identifiers, attempt.left_out) == (("a.example.test",), ("b.example.test",))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (settings(), {"b.example.test": 9}),
        (PARTIAL, {"b.example.test": 1}),
        (PARTIAL, {"a.example.test": 2, "b.example.test": 2}),
    ],
    ids=["without the setting", "before the limit", "all of them"],
)
def test_no_name_is_left_out(wanted: CertificateSettings, names: dict[str, int]) -> None:
    certificate = managed(settings=wanted, failure_count=9, setbacks=Setbacks(names=names))
    assert next_attempt(certificate, None, NOW).left_out == ()


def test_a_renewal_begins_with_all_names_again() -> None:
    certificate = managed(settings=PARTIAL, left=0.3, setbacks=Setbacks(names={"b.example.test": 2}))
    assert next_attempt(certificate, None, NOW).identifiers == tuple(NAMES)


def test_names_that_were_left_out_are_tried_again_within_about_a_day() -> None:
    certificate = managed(settings=PARTIAL, left=1.0, left_out=("b.example.test",))
    assert certificate.issued is not None
    setbacks = after_success(certificate, certificate.issued, NOW)
    moment, reason = (value := due(replace(certificate, setbacks=setbacks))).at, value.reason
    assert (moment == pytest.approx(NOW + COMPLETE_EVERY, rel=0, abs=0.1 * COMPLETE_EVERY), reason) == (
        True,
        DueReason.LEFT_OUT,
    )


def test_trying_them_in_vain_leaves_the_certificate_as_good_as_it_was() -> None:
    outcome = failed(managed(settings=PARTIAL, left=0.9, left_out=("b.example.test",)), UNSEEN)
    assert (outcome.completing, outcome.retry_at) == (True, None)
    assert outcome.setbacks.complete_at is not None
    assert outcome.setbacks.complete_at >= NOW + COMPLETE_EVERY


def test_a_renewal_that_fails_is_tried_again_soon_although_names_are_left_out() -> None:
    outcome = failed(managed(settings=PARTIAL, left=0.2, left_out=("b.example.test",)), UNSEEN)
    assert outcome.retry_at == pytest.approx(NOW + MINUTE, abs=0.1 * MINUTE)


# -- in words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setbacks", "failures", "words"),
    [
        (Setbacks(), 0, []),
        (Setbacks(authority="second"), 1, ["It is ordered at second in place of first."]),
        (Setbacks(rehearse=True), 1, ["The names are validated at tests first: first has refused one."]),
        (
            Setbacks(names={"b.example.test": 2}),
            2,
            ["It is ordered without b.example.test: validation has failed too often."],
        ),
    ],
)
def test_what_is_done_otherwise_is_said(setbacks: Setbacks, failures: int, words: list[str]) -> None:
    certificate = managed(settings=PARTIAL, setbacks=setbacks, failure_count=failures)
    assert deviations(next_attempt(certificate, "tests", NOW), certificate.settings) == words
