"""Errors as the values that are stored and shown."""

from __future__ import annotations

import pytest

from certify_core.domain.failure import Failure, FailureClass
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ChallengeFailed,
    Conflict,
    DeploymentFailed,
    InvalidInput,
    LocalFault,
    NotFound,
    PluginFailed,
    PolicyRefused,
    ProtocolViolation,
    RateLimited,
    failure_of,
)


@pytest.mark.parametrize(
    ("error", "failure_class"),
    [
        (InvalidInput("name", "No."), FailureClass.USER),
        (NotFound("No."), FailureClass.USER),
        (Conflict("No."), FailureClass.USER),
        (ChallengeFailed("No."), FailureClass.USER),
        (PolicyRefused("No."), FailureClass.POLICY),
        (AuthorityUnavailable("No."), FailureClass.AUTHORITY),
        (RateLimited("No."), FailureClass.LIMIT),
        (ProtocolViolation("No."), FailureClass.PROTOCOL),
        (LocalFault("No."), FailureClass.LOCAL),
        (DeploymentFailed("No."), FailureClass.LOCAL),
        (PluginFailed("No."), FailureClass.LOCAL),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_says_who_has_to_act(error: CertifyError, failure_class: FailureClass) -> None:
    assert failure_of(error).failure_class is failure_class


def test_an_error_becomes_a_failure_with_all_it_knows() -> None:
    error = RateLimited("Too many.", "Wait.", retry_after=60.0)
    assert failure_of(error, "new order") == Failure(
        failure_class=FailureClass.LIMIT, cause="Too many.", remedy="Wait.", step="new order", retry_after=60.0
    )


def test_an_error_nobody_foresaw_is_a_local_failure_that_points_to_the_log() -> None:
    failure = failure_of(KeyError("x"), "deploy")
    assert (failure.failure_class, failure.cause, "logs/" in failure.remedy) == (
        FailureClass.LOCAL,
        "Unexpected KeyError: 'x'",
        True,
    )


def test_an_error_without_words_leaves_no_dangling_colon() -> None:
    assert failure_of(TimeoutError()).cause == "Unexpected TimeoutError"


@pytest.mark.parametrize(("remedy", "text"), [("Wait.", "Too many. Wait."), ("", "Too many.")])
def test_a_failure_reads_as_cause_and_remedy(remedy: str, text: str) -> None:
    assert str(Failure(failure_class=FailureClass.LIMIT, cause="Too many.", remedy=remedy)) == text


def test_a_stored_failure_reads_back_equal() -> None:
    failure = failure_of(RateLimited("Too many.", "Wait.", retry_after=60.0), "new order")
    assert Failure.model_validate_json(failure.model_dump_json()) == failure
