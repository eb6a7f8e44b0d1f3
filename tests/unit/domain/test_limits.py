"""The arithmetic of rate limits, compared with a bucket that is emptied and filled one by one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.domain.identifiers import parse_identifiers
from certify_core.domain.limits import (
    Limit,
    LimitKind,
    allowed_at,
    believed,
    in_words,
    left_at,
    set_of_names,
    spend,
    spent_at,
    subjects,
)

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
ORDERS = Limit(LimitKind.ORDERS, 300, 3 * HOUR)
DUPLICATES = Limit(LimitKind.DUPLICATES, 5, 7 * DAY)


def spent_together(limit: Limit, times: int, now: float = NOW) -> float:
    """Return when a bucket is full again after so many at one moment."""
    full_at = 0.0
    for _ in range(times):
        full_at = spend(limit, full_at, now)
    return full_at


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [(ORDERS, 36), (Limit(LimitKind.CERTIFICATES, 50, 7 * DAY), 12_096), (DUPLICATES, 120_960)],
    ids=["one order in 36 seconds", "one certificate in 202 minutes", "one duplicate in 34 hours"],
)
def test_what_was_spent_comes_back_one_by_one(limit: Limit, seconds: float) -> None:
    full_at = spent_together(limit, limit.count)
    assert (allowed_at(limit, full_at), full_at) == (NOW + seconds, NOW + limit.window)


@pytest.mark.parametrize(("spent", "left"), [(0, 5), (1, 4), (4, 1), (5, 0)])
def test_what_is_left_is_the_count_without_what_is_spent(spent: int, left: int) -> None:
    full_at = spent_together(DUPLICATES, spent)
    assert (spent_at(DUPLICATES, full_at, NOW), left_at(DUPLICATES, full_at, NOW)) == (spent, left)


def test_one_may_be_kept_for_later() -> None:
    full_at = spent_together(DUPLICATES, 4)
    assert (allowed_at(DUPLICATES, full_at) <= NOW, allowed_at(DUPLICATES, full_at, kept=1)) == (True, NOW + 120_960)


@given(st.integers(1, 20), st.integers(1, 50), st.lists(st.integers(0, 100), max_size=60))
def test_it_allows_exactly_what_a_bucket_of_tokens_allows(count: int, interval: int, pauses: list[int]) -> None:
    limit = Limit(LimitKind.ORDERS, count, float(count * interval))
    tokens, full_at, now = Fraction(count), 0.0, NOW
    for pause in pauses:
        now += pause
        tokens = min(Fraction(count), tokens + Fraction(pause, interval))
        assert (allowed_at(limit, full_at) <= now) == (tokens >= 1)
        assert left_at(limit, full_at, now) == int(tokens)
        if tokens >= 1:
            tokens, full_at = tokens - 1, spend(limit, full_at, now)


@given(st.integers(1, 20), st.floats(1, 1e6), st.lists(st.floats(0, 1e6), max_size=40))
def test_who_waits_until_it_is_allowed_never_exceeds_the_count_in_a_window(
    count: int, window: float, pauses: list[float]
) -> None:
    limit, full_at, now = Limit(LimitKind.ORDERS, count, window), 0.0, NOW
    for pause in pauses:
        now = max(now + pause, allowed_at(limit, full_at))
        full_at = spend(limit, full_at, now)
        assert full_at <= now + window * (1 + 1e-6) + 1e-3


def test_what_was_spent_in_the_future_was_so_by_a_wrong_clock() -> None:
    assert (believed(NOW + 9, NOW - 1, NOW), believed(NOW + 9 * DAY, NOW + DAY, NOW)) == (NOW + 9, 0.0)


@pytest.mark.parametrize(
    ("names", "domains"),
    [
        (("www.example.com", "example.com", "*.api.example.com"), ("example.com",)),
        (("a.example.co.uk", "b.other.co.uk"), ("example.co.uk", "other.co.uk")),
        (("me.github.io", "you.github.io"), ("me.github.io", "you.github.io")),
        (("github.io",), ("github.io",)),
        (("192.0.2.7",), ("192.0.2.7",)),
        (("2001:db8:1:2::7", "2001:db8:1:2::8"), ("2001:db8:1:2::/64",)),
    ],
    ids=["one domain", "under a country", "private suffixes", "a suffix itself", "IPv4", "IPv6"],
)
def test_certificates_are_counted_by_registered_domain(names: tuple[str, ...], domains: tuple[str, ...]) -> None:
    assert subjects(LimitKind.CERTIFICATES, parse_identifiers(names)) == domains


def test_failures_are_counted_by_name_without_its_star() -> None:
    names = parse_identifiers(["*.example.com", "example.com", "www.example.com"])
    assert subjects(LimitKind.FAILURES, names) == ("example.com", "www.example.com")


def test_a_set_of_names_has_no_order() -> None:
    one, other = (parse_identifiers(names) for names in (["b.test", "a.test"], ["a.test", "b.test"]))
    assert set_of_names(one) == set_of_names(other) == "a.test b.test"


def test_long_sets_are_told_by_a_digest() -> None:
    many = parse_identifiers([f"host-{number}.example.test" for number in range(50)])
    assert set_of_names(many).startswith("host-0.example.test and 49 more (")
    assert set_of_names(many) != set_of_names((*many[:-1], *parse_identifiers(["other.example.test"])))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (ORDERS, "300 in 3 hours"),
        (DUPLICATES, "5 in 7 days"),
        (Limit(LimitKind.ORDERS, 3, 1.5), "3 in 1.5 seconds"),
        (Limit(LimitKind.FAILURES, 5, HOUR), "5 in 1 hour"),
    ],
)
def test_a_limit_is_told_in_words(limit: Limit, words: str) -> None:
    assert in_words(limit) == words
