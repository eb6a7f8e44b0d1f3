"""The ledger of rate limits: an order is placed only if the authority will take it, and waits exactly until then.

`admit` holds what an order will use up until that is in the store, so that orders that come together do not take the
same place; those that have to wait for a limit that many share are given one moment each, in the order they came.
Authorities of which no limit is known or announced cost nothing here, neither a query nor a commit.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from certify_core.acme import Authorization, ProblemError
from certify_core.contracts import AcmeAuthority
from certify_core.domain.limits import Claim, LimitKind, allowed_at, believed, spend, spent_at, subjects
from certify_core.domain.order import Order
from certify_core.engine.announcements import announced_in
from certify_core.engine.claims import Known, Wait, claims_of, heed, last_one, may_use_last, told_to_wait
from certify_core.errors import RateLimited
from certify_core.store import Store
from certify_core.store.ledger import Announced, Spending

_BY_ORDER = {LimitKind.ORDERS}
_BY_CERTIFICATE = {LimitKind.CERTIFICATES, LimitKind.DUPLICATES}
_IN_LINE = {LimitKind.ORDERS, LimitKind.CERTIFICATES}
"""Limits that many orders share: who waits for one is given a moment of its own."""

Key = tuple[str, LimitKind, str]
"""Directory, kind and subject: one bucket."""


class Ledger:
    """Knows what is spent, what is about to be, and what authorities have announced."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._swept = False
        self._announced: dict[str, list[Announced]] | None = None
        self._held: dict[str, tuple[str, tuple[Claim, ...]]] = {}
        """By order: what it will use up and has not yet."""
        self._holds: Counter[Key] = Counter()
        self._waiting: dict[str, Wait] = {}
        """By order."""
        self._line_ends: dict[Key, float] = {}
        """When a bucket will be full again if everybody comes who was given a moment."""

    def admit(self, order: Order, authority: AcmeAuthority, *, replaces: bool) -> None:
        """Let an order be placed and hold what it will use up; `release` gives that back.

        Raises:
            RateLimited: it has to wait; says for what and until when.
            PolicyRefused: it would take the last certificate for these names, and nobody has said that it may.
        """
        now = self._clock()
        announced = self.announced(authority.directory, now)
        if not authority.limits and not announced:
            return
        self._sweep_once(now)
        certificate = self._store.certificates.get(order.certificate_id)
        with self._lock:
            self._drop(order.id)
            known = self._known(order, authority)
            claims = claims_of(order, authority, certificate, known, now, replaces=replaces)
            heed(order, authority, claims, announced, certificate, now)
            self._check(order, authority, claims, known, now, spare=not may_use_last(certificate, now))
            self._hold(order.id, authority, claims)

    def placing(self, order: Order, authority: AcmeAuthority) -> AbstractContextManager[Sequence[Spending]]:
        """Give what an order that was placed has used up, to be kept in the block, and hold the rest."""
        return self._using_up(order, authority, _BY_ORDER)

    def issuing(self, order: Order, authority: AcmeAuthority | None) -> AbstractContextManager[Sequence[Spending]]:
        """Give what a certificate that was issued has used up, to be kept in the block."""
        return self._using_up(order, authority, _BY_CERTIFICATE)

    def failed(self, authority: AcmeAuthority, authorizations: Sequence[Authorization]) -> None:
        """Keep which names could not be validated."""
        names = [item.identifier.base for item in authorizations if item.status == "invalid"]
        limits = [limit for limit in authority.limits if limit.kind is LimitKind.FAILURES]
        spent = [Spending(authority.directory, Claim(limit, name)) for limit in limits for name in names]
        if spent:
            self._store.ledger.spend(spent, self._clock())

    def refused(self, order: Order, authority: AcmeAuthority, error: BaseException) -> None:
        """Keep the limit that an authority has announced by refusing, so that others do not run into it."""
        if not isinstance(error, ProblemError) or not isinstance(error, RateLimited):
            return
        now = self._clock()
        told = announced_in(error, authority.directory, order.identifiers, now)
        if told:
            self._store.ledger.announce(told, now)
            with self._lock:
                self._announced = None

    def release(self, order_id: str) -> None:
        """Give back what an order held and has not used up."""
        if order_id in self._held:
            with self._lock:
                self._drop(order_id)

    def forget(self, order_id: str) -> None:
        """Give back what an order held, and its place in line: it will not come again."""
        self.release(order_id)
        if self._waiting.pop(order_id, None) is not None and not self._waiting:
            self._line_ends.clear()

    def announced(self, directory: str, now: float) -> list[Announced]:
        """Return what an authority has announced and is not over."""
        announced = self._announced
        if announced is None:
            with self._lock:
                announced = self._announced = self._read_announced(now)
        return [item for item in announced.get(directory, ()) if item.until > now]

    # -- helpers -------------------------------------------------------------------------------------------------

    def _read_announced(self, now: float) -> dict[str, list[Announced]]:
        by_directory: dict[str, list[Announced]] = {}
        for item in self._store.ledger.announced(now):
            by_directory.setdefault(item.directory, []).append(item)
        return by_directory

    def _sweep_once(self, now: float) -> None:
        if not self._swept:
            self._swept = True
            self._store.ledger.sweep(now)

    def _known(self, order: Order, authority: AcmeAuthority) -> Known:
        wanted = [(limit.kind, one) for limit in authority.limits for one in subjects(limit.kind, order.identifiers)]
        return self._store.ledger.buckets(authority.directory, wanted) if wanted else {}

    def _claims_of(self, order: Order, authority: AcmeAuthority) -> tuple[Claim, ...]:
        """Return what was held for an order, or what would have been if an earlier process placed it."""
        held = self._held.get(order.id)
        if held is not None or not authority.limits:
            return held[1] if held else ()
        certificate = self._store.certificates.get(order.certificate_id)
        known = self._known(order, authority)
        replaces = order.predecessor is not None and order.predecessor.directory == authority.directory
        return claims_of(order, authority, certificate, known, self._clock(), replaces=replaces)

    @contextmanager
    def _using_up(
        self, order: Order, authority: AcmeAuthority | None, kinds: set[LimitKind]
    ) -> Iterator[Sequence[Spending]]:
        if authority is None or not authority.limits:
            yield ()
            return
        claims = self._claims_of(order, authority)
        with self._lock:  # nobody counts it twice, as held and as kept, nor not at all
            yield [Spending(authority.directory, claim) for claim in claims if claim.limit.kind in kinds]
            self._drop(order.id)
            self._hold(order.id, authority, [claim for claim in claims if claim.limit.kind not in kinds])

    def _hold(self, order_id: str, authority: AcmeAuthority, claims: Sequence[Claim]) -> None:
        self._held[order_id] = (authority.directory, tuple(claims))
        self._holds.update(_taken(authority.directory, claims))

    def _drop(self, order_id: str) -> None:
        held = self._held.pop(order_id, None)
        if held is not None:
            self._holds.subtract(_taken(*held))
            self._holds = +self._holds

    def _check(
        self,
        order: Order,
        authority: AcmeAuthority,
        claims: Sequence[Claim],
        known: Known,
        now: float,
        *,
        spare: bool,
    ) -> None:
        place = self._waiting.get(order.id)
        if place is not None and now < place.until:
            raise told_to_wait(authority, place, now)
        waits: list[tuple[Key, float, Wait]] = []
        for claim in claims:
            limit, key = claim.limit, (authority.directory, claim.limit.kind, claim.subject)
            full_at = self._full_at(key, claim, known, now, in_line=place is not None)
            kept = 1 if spare and limit.kind is LimitKind.DUPLICATES and limit.count > 1 else 0
            moment = allowed_at(limit, full_at, kept=kept)
            if moment <= now:
                continue
            if kept and allowed_at(limit, full_at) <= now:
                raise last_one(authority, claim, moment, now)
            waits.append((key, full_at, Wait(moment, claim, spent_at(limit, full_at, now))))
        self._waiting.pop(order.id, None)
        if waits:
            longest = max((wait for _, _, wait in waits), key=lambda wait: wait.until)
            self._line_up(order, longest, waits)
            raise told_to_wait(authority, longest, now)

    def _full_at(self, key: Key, claim: Claim, known: Known, now: float, *, in_line: bool) -> float:
        bucket = known.get(key[1:])
        full_at = believed(bucket.full_at, bucket.spent_at, now) if bucket else 0.0
        if self._holds[key]:
            full_at = max(full_at, now) + self._holds[key] * claim.limit.interval
        return full_at if in_line else max(full_at, self._line_ends.get(key, 0.0))

    def _line_up(self, order: Order, longest: Wait, waits: Sequence[tuple[Key, float, Wait]]) -> None:
        if longest.claim.limit.kind not in _IN_LINE:
            return
        self._waiting[order.id] = longest
        for key, full_at, wait in waits:
            if wait.claim.limit.kind in _IN_LINE:
                self._line_ends[key] = spend(wait.claim.limit, full_at, longest.until)


def _taken(directory: str, claims: Iterable[Claim]) -> list[Key]:
    """Return what is used up if all goes well: failures are not."""
    return [
        (directory, claim.limit.kind, claim.subject)
        for claim in claims
        if claim.limit.kind in _BY_ORDER | _BY_CERTIFICATE
    ]
