"""What time it is, also when this machine's clock is wrong."""

from __future__ import annotations

import logging

import pytest

from certify_core.engine.clock import JUMP, TOLERANCE, Clock

YEAR = 365 * 86_400.0
NOW = 1_800_000_000.0


class Times:
    """A clock on the wall that can be set, and seconds that pass evenly."""

    def __init__(self) -> None:
        self.wall = NOW
        self.steady = 1000.0

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> Clock:
        """Return a clock that reads these."""
        return Clock(lambda: self.wall, lambda: self.steady)


@pytest.fixture
def times() -> Times:
    """Times that agree."""
    return Times()


def test_without_an_authority_the_wall_is_believed(times: Times) -> None:
    clock = times.clock()
    times.wall += YEAR
    assert clock() == NOW + YEAR


@pytest.mark.parametrize("error", [YEAR, -YEAR, TOLERANCE + 1, -TOLERANCE - 1])
def test_an_authority_is_believed_rather_than_a_clock_that_is_far_off(times: Times, error: float) -> None:
    clock = times.clock()
    times.wall += error
    clock.learn(NOW)
    times.pass_seconds(60)
    assert clock() == NOW + 60


@pytest.mark.parametrize("error", [0.0, 30.0, -30.0, TOLERANCE - 1])
def test_a_clock_that_is_nearly_right_is_believed(times: Times, error: float) -> None:
    clock = times.clock()
    times.wall += error
    clock.learn(NOW)
    assert clock() == NOW + error


def test_a_clock_that_is_mended_is_believed_again(times: Times) -> None:
    clock = times.clock()
    clock.learn(NOW)
    times.wall += YEAR
    clock()
    times.wall -= YEAR
    times.pass_seconds(5)
    assert clock() == NOW + 5


def test_what_an_authority_said_is_asked_again_after_a_day(times: Times) -> None:
    clock = times.clock()
    clock.learn(NOW)
    times.pass_seconds(86_401)
    assert not clock.is_confirmed


@pytest.mark.parametrize("jump", [JUMP + 1, -JUMP - 1, YEAR, -YEAR])
def test_a_jump_is_logged(times: Times, jump: float, caplog: pytest.LogCaptureFixture) -> None:
    clock = times.clock()
    times.wall += jump
    with caplog.at_level(logging.WARNING):
        clock()
    assert "jumped" in caplog.text


def test_time_that_passes_is_no_jump(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    clock = times.clock()
    times.pass_seconds(YEAR)
    with caplog.at_level(logging.WARNING):
        clock()
    assert caplog.text == ""


def test_an_error_is_logged_once(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    clock = times.clock()
    times.wall += YEAR
    clock()
    clock.learn(NOW)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock()
    assert caplog.text.count("off by") == 1
