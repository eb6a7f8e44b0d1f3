"""Queries over the ledger of rate limits: what was spent at each authority, and what it announced itself.

Of a bucket only the moment is kept when it will be full again (see `certify_core.domain.limits`), so that a thousand
orders are one row. `spend` works inside the transaction of the order's step that spends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update

from certify_core.domain.limits import RENEWAL_WITHIN, Claim, LimitKind, believed, spend
from certify_core.store.database import Database
from certify_core.store.tables import ANNOUNCEMENTS, LEDGER

L = LEDGER.c
N = ANNOUNCEMENTS.c


@dataclass(frozen=True, slots=True)
class Spending:
    """Something that an order has just used up at an authority."""

    directory: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is known of one subject of one limit."""

    subject: str
    full_at: float
    """When nothing of it will be spent any more; seconds since the epoch."""
    spent_at: float
    """When something was spent last."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A limit that an authority told us of when it refused."""

    directory: str
    kind: LimitKind
    subject: str
    until: float
    """Seconds since the epoch."""
    text: str
    """What it said."""
    remedy: str


class Ledger:
    """What was spent, and what was announced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def buckets(self, directory: str, wanted: Sequence[tuple[LimitKind, str]]) -> dict[tuple[LimitKind, str], Bucket]:
        """Return what is known of these kinds and subjects; nothing was ever spent of those that are missing."""
        keys = [(kind.value, subject) for kind, subject in wanted]
        query = select(LEDGER).where(L.directory == directory, tuple_(L.kind, L.subject).in_(keys))
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return {
            (LimitKind(row["kind"]), row["subject"]): Bucket(row["subject"], row["full_at"], row["spent_at"])
            for row in rows
        }

    def fullest(self, directory: str, kind: LimitKind, now: float, limit: int) -> list[Bucket]:
        """Return the subjects of which something is spent now, those with most of it first."""
        query = (
            select(L.subject, L.full_at, L.spent_at)
            .where(L.directory == directory, L.kind == kind.value, L.full_at > now)
            .order_by(L.full_at.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Bucket(*row) for row in connection.execute(query)]

    def spend(self, spent: Sequence[Spending], now: float) -> None:
        """Note what was spent outside any order's step."""
        with self._database.write() as connection:
            spend_in(connection, spent, now)

    def announced(self, now: float) -> list[Announced]:
        """Return what authorities have announced and is not over."""
        query = select(ANNOUNCEMENTS).where(N.until > now)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Announced(**{**row, "kind": LimitKind(row["kind"])}) for row in rows]

    def announce(self, announced: Sequence[Announced], now: float) -> None:
        """Keep what an authority has announced, in the place of what it said before, and forget what is over."""
        with self._database.write() as connection:
            connection.execute(delete(ANNOUNCEMENTS).where(N.until <= now))
            for item in announced:
                key = (N.directory == item.directory, N.kind == item.kind.value, N.subject == item.subject)
                connection.execute(delete(ANNOUNCEMENTS).where(*key))
                row = {"until": item.until, "text": item.text, "remedy": item.remedy}
                connection.execute(
                    insert(ANNOUNCEMENTS),
                    {"directory": item.directory, "kind": item.kind.value, "subject": item.subject, **row},
                )

    def sweep(self, now: float) -> None:
        """Drop what has no meaning any more: full again, and too old to make an order a renewal."""
        with self._database.write() as connection:
            connection.execute(delete(LEDGER).where(L.spent_at < now - RENEWAL_WITHIN, L.full_at < now))


_ONE = (L.directory == bindparam("of"), L.kind == bindparam("which"), L.subject == bindparam("whose"))
_KNOWN = select(L.full_at, L.spent_at).where(*_ONE)
_SPEND = update(LEDGER).where(*_ONE).values(full_at=bindparam("new_full_at"), spent_at=bindparam("now"))


def spend_in(connection: Connection, spent: Sequence[Spending], now: float) -> None:
    """Note what was spent, as part of a transaction."""
    for item in spent:
        limit, subject = item.claim.limit, item.claim.subject
        key = {"of": item.directory, "which": limit.kind.value, "whose": subject}
        known = connection.execute(_KNOWN, key).first()
        new_full_at = spend(limit, believed(*known, now) if known else 0.0, now)
        if known is not None:
            connection.execute(_SPEND, {**key, "new_full_at": new_full_at, "now": now})
            continue
        row = {"directory": item.directory, "kind": limit.kind.value, "subject": subject}
        connection.execute(insert(LEDGER), {**row, "full_at": new_full_at, "spent_at": now})
