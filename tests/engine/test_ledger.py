"""The ledger of rate limits: whom a limit spares, what is held meanwhile, and what an announcement means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from certify_core.acme import Authorization, Problem, ProblemError
from certify_core.acme.refusals import TooManyRequests
from certify_core.api import AcmeAuthority, Limit, LimitKind, PolicyRefused, RateLimited
from certify_core.domain.ari import Suggestion, begun, read
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.identifiers import parse_identifiers
from certify_core.domain.order import Order
from certify_core.engine.announcements import announced_in
from certify_core.engine.ledger import Ledger
from certify_core.store import Store
from tests.support.stores import DAY, NOW, ORIGIN, issue, open_store, order_for, wanting

DIRECTORY = "https://ca.test/directory"
HOUR = 3600.0


class Hand:
    """A clock that a test sets."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def ledger(store: Store, clock: Hand) -> Ledger:
    return Ledger(store, clock)


def authority(*limits: Limit) -> AcmeAuthority:
    return AcmeAuthority("ca", "CA", DIRECTORY, limits=limits)


def one_order(**more: bool) -> AcmeAuthority:
    """Return an authority that takes one order an hour."""
    return authority(Limit(LimitKind.ORDERS, 1, HOUR, **more))


def duplicates(count: int) -> AcmeAuthority:
    return authority(Limit(LimitKind.DUPLICATES, count, 7 * DAY))


def opened(store: Store, certificate: ManagedCertificate) -> Order:
    """Return a new order, known to the store."""
    order = replace(order_for(certificate), predecessor=certificate.issued.origin if certificate.issued else None)
    store.orders.open(order)
    return order


def new_order(store: Store, *names: str) -> Order:
    return opened(store, store.certificates.create(wanting(*names), NOW))


def place(store: Store, ledger: Ledger, order: Order, at: AcmeAuthority) -> None:
    """Take an order from admitted to placed."""
    ledger.admit(order, at, replaces=False)
    with ledger.placing(order, at) as spent:
        store.orders.save(order, NOW, spent)


def spend_certificates(store: Store, ledger: Ledger, order: Order, at: AcmeAuthority, times: int) -> None:
    """Note so many certificates of an order's names."""
    for _ in range(times):
        with ledger.issuing(order, at) as spent:
            store.ledger.spend(spent, NOW)
        ledger.forget(order.id)


def test_what_is_admitted_is_held_until_it_is_given_back(store: Store, ledger: Ledger) -> None:
    one, other = new_order(store, "one.test"), new_order(store, "other.test")
    ledger.admit(one, one_order(), replaces=False)
    held = not admits(ledger, other, one_order(), replaces=False)
    ledger.forget(one.id)
    ledger.forget(other.id)
    assert (held, admits(ledger, new_order(store, "third.test"), one_order(), replaces=False)) == (True, True)


def test_who_waits_keeps_its_moment_and_those_who_come_later_get_later_ones(
    store: Store, ledger: Ledger, clock: Hand
) -> None:
    at = authority(Limit(LimitKind.ORDERS, 1, 100.0))
    place(store, ledger, new_order(store, "first.test"), at)
    waiting = [new_order(store, f"w{number}.test") for number in range(3)]
    waits = [wait(ledger, order, at) for order in (*waiting, waiting[0])]
    assert waits == [101.0, 201.0, 301.0, 101.0]
    clock.now = NOW + 101.0
    with pytest.raises(RateLimited):
        ledger.admit(new_order(store, "late.test"), at, replaces=False)
    ledger.admit(waiting[0], at, replaces=False)


def wait(ledger: Ledger, order: Order, at: AcmeAuthority) -> float | None:
    """Return the seconds that an order is told to wait."""
    with pytest.raises(RateLimited) as told:
        ledger.admit(order, at, replaces=False)
    return told.value.retry_after


def test_a_renewal_is_spared_what_spares_renewals(store: Store, ledger: Ledger) -> None:
    at = one_order(spares_renewals=True)
    renewal = opened(store, issue(store, store.certificates.create(wanting("old.test"), NOW)))
    place(store, ledger, new_order(store, "new.test"), at)
    ledger.admit(renewal, at, replaces=False)
    with pytest.raises(RateLimited):
        ledger.admit(new_order(store, "newer.test"), at, replaces=False)


@pytest.mark.parametrize(
    ("now", "spared"), [(NOW + 59 * DAY, False), (NOW + 60.5 * DAY, True), (NOW + 62 * DAY, False)]
)
def test_an_order_inside_the_suggested_window_is_spared(
    store: Store, ledger: Ledger, clock: Hand, now: float, spared: bool
) -> None:
    at = authority(Limit(LimitKind.DUPLICATES, 1, 70 * DAY, spares_suggested=True))
    certificate = issue(store, store.certificates.create(wanting("old.test"), NOW), origin=ORIGIN)
    window = Suggestion(NOW + 60 * DAY, NOW + 61 * DAY)
    store.windows.keep(certificate.id, read(begun(ORIGIN.ari_id, NOW, None), window, NOW))
    order = opened(store, certificate)
    spend_certificates(store, ledger, replace(order, predecessor=None), at, 1)
    clock.now = now
    assert admits(ledger, order, at, replaces=True) == spared
    assert not admits(ledger, order, at, replaces=False)


def admits(ledger: Ledger, order: Order, at: AcmeAuthority, *, replaces: bool) -> bool:
    """Whether an order is admitted."""
    try:
        ledger.admit(order, at, replaces=replaces)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(("age", "kept"), [(80, True), (86, False)], ids=["a ninth left", "a twentieth left"])
def test_a_certificate_near_its_end_may_take_the_last_duplicate(
    store: Store, ledger: Ledger, clock: Hand, age: float, kept: bool
) -> None:
    certificate = issue(store, store.certificates.create(wanting("old.test"), NOW - age * DAY), at=NOW - age * DAY)
    order = opened(store, certificate)
    spend_certificates(store, ledger, order, duplicates(5), 4)
    if kept:
        with pytest.raises(PolicyRefused, match="the last one; there are two again at"):
            ledger.admit(order, duplicates(5), replaces=False)
    else:
        ledger.admit(order, duplicates(5), replaces=False)


def test_two_of_the_same_names_under_way_count_as_two(store: Store, ledger: Ledger) -> None:
    ledger.admit(new_order(store, "same.test"), duplicates(2), replaces=False)
    with pytest.raises(PolicyRefused):
        ledger.admit(new_order(store, "same.test"), duplicates(2), replaces=False)


def test_an_authority_without_limits_costs_nothing(store: Store, ledger: Ledger) -> None:
    order = order_for(store.certificates.create(wanting("free.test"), NOW))
    ledger.admit(order, authority(), replaces=False)
    with ledger.placing(order, authority()) as spent:
        assert spent == ()


def test_only_names_that_failed_are_counted(store: Store, ledger: Ledger) -> None:
    at = authority(Limit(LimitKind.FAILURES, 1, HOUR))
    bad, good = parse_identifiers(["bad.test", "good.test"])
    ledger.failed(at, [Authorization("a", bad, False, "invalid", ()), Authorization("b", good, False, "valid", ())])
    assert (admits(ledger, new_order(store, "good.test"), at, replaces=False)) is True
    assert (admits(ledger, new_order(store, "bad.test"), at, replaces=False)) is False


def test_what_a_wrong_clock_spent_in_the_future_is_not_waited_for(store: Store, ledger: Ledger, clock: Hand) -> None:
    clock.now = NOW + 3000 * DAY
    order = new_order(store, "ahead.test")
    ledger.admit(order, one_order(), replaces=False)
    with ledger.placing(order, one_order()) as spent:
        store.orders.save(order, clock.now, spent)
    clock.now = NOW
    assert admits(ledger, new_order(store, "now.test"), one_order(), replaces=False)


# -- what a 429 announces ----------------------------------------------------------------------------------------

BOTH = ["a.one.test", "b.two.test"]


@pytest.mark.parametrize(
    ("detail", "kind", "concerned"),
    [
        ("too many new orders (300) from this account in the last 3h0m0s", LimitKind.ORDERS, [""]),
        (
            'too many certificates (50) already issued for "one.test" in the last 168h',
            LimitKind.CERTIFICATES,
            ["one.test"],
        ),
        (
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s",
            LimitKind.DUPLICATES,
            ["a.one.test b.two.test"],
        ),
        ('too many failed authorizations (5) for "b.two.test" in the last 1h', LimitKind.FAILURES, ["b.two.test"]),
        (
            "Your account is temporarily prevented from requesting certificates for a.one.test.",
            LimitKind.NAMES,
            BOTH[:1],
        ),
        ("Service busy; retry later.", LimitKind.ACCOUNT, [""]),
    ],
    ids=["orders", "registered domain", "exact set", "failures", "paused", "anything else"],
)
def test_a_429_tells_which_limit_it_is_about(detail: str, kind: LimitKind, concerned: list[str]) -> None:
    told = announced_in(too_many({"detail": detail}), DIRECTORY, parse_identifiers(BOTH), NOW)
    assert [(item.kind, item.subject, item.until) for item in told] == [(kind, one, NOW + 60) for one in concerned]


def test_subproblems_say_which_names_are_concerned() -> None:
    parts = [{"detail": "no", "identifier": {"type": "dns", "value": "*.two.test"}}]
    told = announced_in(too_many({"detail": "no", "subproblems": parts}), DIRECTORY, parse_identifiers(BOTH), NOW)
    assert [(item.kind, item.subject) for item in told] == [(LimitKind.NAMES, "two.test")]


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_429_that_does_not_say_until_when_announces_nothing(retry_after: float | None) -> None:
    error = too_many({"detail": "too many new orders"}, retry_after)
    assert announced_in(error, DIRECTORY, parse_identifiers(BOTH), NOW) == []


def test_a_renewal_that_is_spared_does_not_heed_what_was_announced(store: Store, ledger: Ledger) -> None:
    at = one_order(spares_renewals=True)
    new = new_order(store, "new.test")
    ledger.refused(new, at, too_many({"detail": "too many new orders (300) from this account"}))
    renewal = opened(store, issue(store, store.certificates.create(wanting("old.test"), NOW)))
    assert (admits(ledger, renewal, at, replaces=False), admits(ledger, new, at, replaces=False)) == (True, False)


def too_many(document: dict[str, object], retry_after: float | None = 60.0) -> ProblemError:
    """Return what an authority's 429 is for us."""
    return TooManyRequests("Too many.", "Wait.", problem=Problem(document), retry_after=retry_after)


def test_shown_are_those_with_most_spent(store: Store, ledger: Ledger) -> None:
    at = duplicates(5)
    for name, times in (("one.test", 1), ("three.test", 3), ("two.test", 2)):
        spend_certificates(store, ledger, new_order(store, name), at, times)
    shown: Sequence[str] = [item.subject for item in store.ledger.fullest(DIRECTORY, LimitKind.DUPLICATES, NOW, 2)]
    assert shown == ["three.test", "two.test"]
