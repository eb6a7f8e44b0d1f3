"""Authorities that hang cost one time-out, and orders of one authority leave threads for others."""

from __future__ import annotations

import pytest

from certify_core.engine import silence
from certify_core.engine.silence import Lanes, Silence
from certify_core.errors import AuthorityUnavailable, RateLimited


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Silence:
    """One that takes any missing answer for a long silence."""
    monkeypatch.setattr(silence, "LONG", 0.0)
    return Silence()


def test_a_silent_authority_is_not_asked_again_at_once(impatient: Silence) -> None:
    with pytest.raises(AuthorityUnavailable, match="no answer"), impatient.listening("a"):
        raise AuthorityUnavailable("no answer")
    with pytest.raises(AuthorityUnavailable, match="left alone"), impatient.listening("a"):
        pytest.fail("it was asked")


def test_another_authority_is_asked_all_the_same(impatient: Silence) -> None:
    with pytest.raises(AuthorityUnavailable), impatient.listening("a"):
        raise AuthorityUnavailable("no answer")
    asked = []
    with impatient.listening("b"):
        asked.append("b")
    assert asked == ["b"]


def test_a_refusal_is_no_silence(impatient: Silence) -> None:
    with pytest.raises(RateLimited), impatient.listening("a"):
        raise RateLimited("too many")
    asked = []
    with impatient.listening("a"):
        asked.append("a")
    assert asked == ["a"]


def test_a_quick_failure_is_no_silence() -> None:
    patient = Silence()
    for _ in range(2):
        with pytest.raises(AuthorityUnavailable, match="reset"), patient.listening("a"):
            raise AuthorityUnavailable("reset")


def test_no_more_than_the_width_are_at_work() -> None:
    lanes = Lanes(2)
    assert [lanes.enter("a", str(number)) for number in range(4)] == [True, True, False, False]


def test_another_authority_has_places_of_its_own() -> None:
    lanes = Lanes(1)
    lanes.enter("a", "1")
    assert lanes.enter("b", "2")


def test_who_leaves_hands_the_place_to_who_waited_longest() -> None:
    lanes = Lanes(1)
    for number in range(3):
        lanes.enter("a", str(number))
    assert lanes.leave("a") == "1"
    assert lanes.enter("a", "1")


def test_a_granted_place_is_nobody_elses() -> None:
    lanes = Lanes(1)
    lanes.enter("a", "0")
    lanes.enter("a", "1")
    lanes.leave("a")
    assert not lanes.enter("a", "2")


def test_a_place_that_is_declined_goes_to_the_next() -> None:
    lanes = Lanes(1)
    for number in range(3):
        lanes.enter("a", str(number))
    lanes.leave("a")
    assert lanes.decline("1") == "2"


def test_a_place_that_nobody_waits_for_is_free_again() -> None:
    lanes = Lanes(1)
    lanes.enter("a", "0")
    lanes.leave("a")
    assert lanes.enter("a", "1")
