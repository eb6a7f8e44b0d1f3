"""Sessions and sign-in links: short, bound to the token that they hang on, and nobody's can push out another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.domain.access import Principal, Role, token_digest
from certify_core.service.sessions import KEPT_OF_ONE, LINK_SECONDS, Sessions

ANNA = Principal("anna", Role.OPERATOR, "token", token_id="7")
BERT = Principal("bert", Role.READER, "token", token_id="8")


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock)


def begun(sessions: Sessions, principal: Principal, seconds: float = 60.0) -> str:
    """Begin a session; return what it is found by."""
    return token_digest(sessions.begin(principal, seconds)[0])


def test_a_session_is_its_owners(sessions: Sessions) -> None:
    assert sessions.find(begun(sessions, ANNA)) == replace(ANNA, expires_at=1060.0)


def test_it_ends_after_its_time(sessions: Sessions, clock: Clock) -> None:
    digest = begun(sessions, ANNA)
    clock.now += 60.0
    assert sessions.find(digest) is None


def test_it_ends_with_the_token_that_it_hangs_on(sessions: Sessions, clock: Clock) -> None:
    digest = begun(sessions, replace(ANNA, expires_at=1010.0))
    clock.now += 10.0
    assert sessions.find(digest) is None


def test_it_ends_when_its_owner_says_so(sessions: Sessions) -> None:
    digest = begun(sessions, ANNA)
    sessions.end(digest)
    assert sessions.find(digest) is None


def test_the_end_of_a_token_ends_its_sessions_and_links_and_no_others(sessions: Sessions) -> None:
    mine, anothers, link = begun(sessions, ANNA), begun(sessions, BERT), sessions.make_link(ANNA)
    sessions.end_those_of("7")
    assert (sessions.find(mine), sessions.follow_link(link)) == (None, None)
    assert sessions.find(anothers) is not None


def test_many_sessions_of_one_push_out_the_oldest_of_the_same(sessions: Sessions) -> None:
    first, anothers = begun(sessions, ANNA), begun(sessions, BERT)
    rest = [begun(sessions, ANNA) for _ in range(KEPT_OF_ONE)]
    assert sessions.find(first) is None
    assert None not in [sessions.find(digest) for digest in (anothers, *rest)]


def test_a_link_works_once(sessions: Sessions) -> None:
    link = sessions.make_link(ANNA)
    assert [sessions.follow_link(link), sessions.follow_link(link)] == [ANNA, None]


def test_a_link_works_soon_or_never(sessions: Sessions, clock: Clock) -> None:
    link = sessions.make_link(ANNA)
    clock.now += LINK_SECONDS
    assert sessions.follow_link(link) is None


def test_a_link_is_no_session(sessions: Sessions) -> None:
    assert sessions.find(token_digest(sessions.make_link(ANNA))) is None


def test_a_session_is_no_link(sessions: Sessions) -> None:
    assert sessions.follow_link(sessions.begin(ANNA, 60.0)[0]) is None
