"""Wrong tries to sign in: limited by where they come from, forgotten with time, and never many in memory."""

from __future__ import annotations

import pytest

from certify_core.service.failures import AT_ONCE, KEPT, SECONDS_EACH, Failures


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> Failures:
    return Failures(clock)


def fail(failures: Failures, source: str, times: int) -> None:
    """Try so often in vain."""
    for _ in range(times):
        failures.failed(source)


def test_some_wrong_tries_are_free(failures: Failures) -> None:
    fail(failures, "here", AT_ONCE - 1)
    assert failures.wait("here") == 0.0


def test_the_next_one_has_to_wait(failures: Failures) -> None:
    fail(failures, "here", AT_ONCE)
    assert failures.wait("here") == SECONDS_EACH


def test_others_do_not(failures: Failures) -> None:
    fail(failures, "here", AT_ONCE)
    assert failures.wait("there") == 0.0


def test_more_tries_do_not_make_the_wait_longer(failures: Failures) -> None:
    fail(failures, "here", 100 * AT_ONCE)
    assert failures.wait("here") == SECONDS_EACH


def test_after_the_wait_there_is_one_more_try(failures: Failures, clock: Clock) -> None:
    fail(failures, "here", AT_ONCE)
    clock.now += SECONDS_EACH
    assert failures.wait("here") == 0.0
    failures.failed("here")
    assert failures.wait("here") == SECONDS_EACH


def test_in_the_end_all_is_forgotten(failures: Failures, clock: Clock) -> None:
    fail(failures, "here", AT_ONCE)
    clock.now += AT_ONCE * SECONDS_EACH
    fail(failures, "here", AT_ONCE - 1)
    assert failures.wait("here") == 0.0


def test_a_crowd_of_sources_is_forgotten_too(failures: Failures) -> None:
    fail(failures, "here", AT_ONCE)
    for number in range(KEPT):
        failures.failed(str(number))
    assert failures.wait("here") == 0.0
