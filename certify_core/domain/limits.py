"""Rate limits as data, and the arithmetic of what is left of them: pure functions.

A limit is a token bucket, as Let's Encrypt has them: `count` at once, and one more every `window / count` seconds.
All that has to be remembered of a bucket is the moment when it will be full again, however much was spent.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from certify_core.domain.identifiers import Identifier
from certify_core.domain.registered_domain import registered_domain

LONGEST_SUBJECT = 200
"""Characters of a set of names that are written out."""
RENEWAL_WITHIN = 120 * 86_400.0
"""Seconds: an order for the same names as a certificate that is no older is a renewal, as Let's Encrypt counts."""


CLOCKS_DIFFER = 60.0
"""Seconds by which a clock may be corrected without anything that was spent being forgotten."""


class LimitKind(StrEnum):
    """What is counted."""

    ORDERS = "orders"
    """New orders of the account."""
    CERTIFICATES = "certificates"
    """Certificates for names of one registered domain."""
    DUPLICATES = "duplicates"
    """Certificates for exactly the same set of names."""
    FAILURES = "failures"
    """Failed validations of one name."""
    NAMES = "names"
    """Anything about one name; only ever announced."""
    ACCOUNT = "account"
    """Anything that the account asks for; only ever announced."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One rate limit of an authority."""

    kind: LimitKind
    count: int
    """So many at once."""
    window: float
    """Seconds in which the whole count comes back, one after the other."""
    spares_renewals: bool = False
    """Whether orders for the same names as an earlier certificate do not count."""
    spares_suggested: bool = False
    """Whether orders do not count that say what they replace, inside the window that the authority suggested."""

    @property
    def interval(self) -> float:
        """Seconds in which one comes back."""
        return self.window / self.count


@dataclass(frozen=True, slots=True)
class Claim:
    """What an order takes, or must not have used up: one subject of one limit."""

    limit: Limit
    subject: str


def spend(limit: Limit, full_at: float, at: float) -> float:
    """Return when a bucket that is full at `full_at` is full again if one is taken out of it at the moment `at`."""
    return max(full_at, at) + limit.interval


def believed(full_at: float, spent_at: float, now: float) -> float:
    """Return when a bucket will be full, from what was kept; what was spent in the future was so by a wrong clock."""
    return 0.0 if spent_at > now + CLOCKS_DIFFER else full_at


def spent_at(limit: Limit, full_at: float, now: float) -> int:
    """Return how many are spent and have not come back yet."""
    return max(0, math.ceil(round((full_at - now) / limit.interval, 6)))


def left_at(limit: Limit, full_at: float, now: float) -> int:
    """Return how many may be taken now."""
    return max(0, limit.count - spent_at(limit, full_at, now))


def allowed_at(limit: Limit, full_at: float, *, kept: int = 0) -> float:
    """Return the moment from which one may be taken with `kept` more left in the bucket."""
    return full_at - (limit.count - 1 - kept) * limit.interval


def subjects(kind: LimitKind, identifiers: Sequence[Identifier]) -> tuple[str, ...]:
    """Return whose buckets an order for these names concerns; the account's has no name."""
    match kind:
        case LimitKind.CERTIFICATES:
            return tuple(dict.fromkeys(registered_domain(identifier) for identifier in identifiers))
        case LimitKind.DUPLICATES:
            return (set_of_names(identifiers),)
        case LimitKind.FAILURES | LimitKind.NAMES:
            return tuple(dict.fromkeys(identifier.base for identifier in identifiers))
        case _:
            return ("",)


def set_of_names(identifiers: Sequence[Identifier]) -> str:
    """Return a text for a set of names, the same in whatever order they come; a long one ends in a digest."""
    names = sorted({identifier.value for identifier in identifiers})
    text = " ".join(names)
    if len(text) <= LONGEST_SUBJECT:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{min(names, key=len)[:LONGEST_SUBJECT]} and {len(names) - 1} more ({digest})"


_WHAT = {
    LimitKind.ORDERS: "new orders of this account",
    LimitKind.CERTIFICATES: "certificates for names of {}",
    LimitKind.DUPLICATES: "certificates for exactly {}",
    LimitKind.FAILURES: "failed validations of {}",
    LimitKind.NAMES: "requests for {}",
    LimitKind.ACCOUNT: "requests of this account",
}


def what_is_limited(kind: LimitKind, subject: str) -> str:
    """Return in words what a limit counts."""
    return _WHAT[kind].format(subject)


def in_words(limit: Limit) -> str:
    """Return a limit's size in words."""
    for seconds, unit in ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second")):
        if limit.window >= seconds and limit.window % seconds == 0:
            number = limit.window / seconds
            return f"{limit.count} in {number:.0f} {unit}{'' if number == 1 else 's'}"
    return f"{limit.count} in {limit.window:g} seconds"
