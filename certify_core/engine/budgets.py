"""What is left at each authority, for people to see: known limits with what is spent, and what was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certify_core.contracts import AcmeAuthority
from certify_core.domain.limits import Limit, LimitKind, allowed_at, believed, left_at, spent_at
from certify_core.engine.ledger import Ledger
from certify_core.errors import NotFound
from certify_core.plugins import Plugins
from certify_core.store import Store
from certify_core.store.ledger import Announced

SHOWN = 100
"""Subjects of each limit that are shown, those with most spent."""


@dataclass(frozen=True, slots=True)
class Spent:
    """One subject of a limit."""

    subject: str
    spent: int
    left: int
    next_free_at: float
    """From when one more may be taken; seconds since the epoch, now or earlier if it is at once."""
    all_free_at: float
    """When nothing is spent any more."""


@dataclass(frozen=True, slots=True)
class Budget:
    """All limits of one directory."""

    authority: str
    """The authority's id, or the directory if no plugin knows it."""
    title: str
    directory: str
    account: str | None
    """The account's address, if there is an account."""
    limits: Sequence[tuple[Limit, Sequence[Spent]]]
    announced: Sequence[Announced]


def budgets(
    plugins: Plugins, store: Store, ledger: Ledger, now: float, authority_id: str | None = None
) -> list[Budget]:
    """Return the budget of every authority with known or announced limits, or of one only.

    Raises:
        NotFound: there is no authority of this id, nor an account at this address.
    """
    known = {item.directory: item for item in plugins.authorities if isinstance(item, AcmeAuthority)}
    accounts = {account.directory: account.url for account in store.accounts.all()}
    for directory in accounts:
        known.setdefault(directory, AcmeAuthority(id=directory, title=directory, directory=directory))
    if authority_id is not None and not any(authority_id in {item.id, item.directory} for item in known.values()):
        raise NotFound(f"There is no authority {authority_id}.", "See `certify authority list`.")
    found = [
        Budget(
            authority=authority.id,
            title=authority.title,
            directory=directory,
            account=accounts.get(directory),
            limits=[(limit, _spent(store, directory, limit, now)) for limit in authority.limits],
            announced=ledger.announced(directory, now),
        )
        for directory, authority in known.items()
        if authority_id in {None, authority.id, directory}
    ]
    return [budget for budget in found if budget.limits or budget.announced]


def _spent(store: Store, directory: str, limit: Limit, now: float) -> list[Spent]:
    buckets = store.ledger.fullest(directory, limit.kind, now, SHOWN)
    moments = {bucket.subject: believed(bucket.full_at, bucket.spent_at, now) for bucket in buckets}
    if limit.kind is LimitKind.ORDERS:
        moments.setdefault("", 0.0)  # the account's is worth showing before anything is spent
    return [
        Spent(
            subject=subject,
            spent=spent_at(limit, full_at, now),
            left=left_at(limit, full_at, now),
            next_free_at=max(allowed_at(limit, full_at), now),
            all_free_at=max(full_at, now),
        )
        for subject, full_at in moments.items()
    ]
