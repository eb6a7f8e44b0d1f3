"""What one order takes of an authority's limits, whom they spare, and in which words an order is told to wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from certify_core.contracts import AcmeAuthority
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.limits import (
    RENEWAL_WITHIN,
    Claim,
    LimitKind,
    in_words,
    set_of_names,
    subjects,
    what_is_limited,
)
from certify_core.domain.order import Order
from certify_core.domain.schedule import is_emergency
from certify_core.errors import PolicyRefused, RateLimited
from certify_core.store.ledger import Announced, Bucket

MARGIN = 1.0
"""Seconds that our clock and the authority's may differ, and a request may take."""

Known = Mapping[tuple[LimitKind, str], Bucket]
"""What the ledger has of an order's limits."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What an order waits for."""

    until: float
    claim: Claim
    spent: int


def claims_of(
    order: Order,
    authority: AcmeAuthority,
    certificate: ManagedCertificate,
    known: Known,
    now: float,
    *,
    replaces: bool,
) -> tuple[Claim, ...]:
    """Return what an order takes of the authority's limits, those left out that spare it."""
    suggested = replaces and _is_suggested(order, certificate, now)
    renewal = _is_renewal(order, certificate, known, now)
    return tuple(
        Claim(limit, subject)
        for limit in authority.limits
        if not (suggested and limit.spares_suggested) and not (renewal and limit.spares_renewals)
        for subject in subjects(limit.kind, order.identifiers)
    )


def _is_suggested(order: Order, certificate: ManagedCertificate, now: float) -> bool:
    if certificate.ari is None or order.predecessor is None:
        return False
    known = {item.ari_id: item.window for item in (certificate.ari, certificate.ari.second) if item is not None}
    window = known.get(order.predecessor.ari_id)
    return window is not None and window.start <= now <= window.end


def _is_renewal(order: Order, certificate: ManagedCertificate, known: Known, now: float) -> bool:
    bucket, issued = known.get((LimitKind.DUPLICATES, set_of_names(order.identifiers))), certificate.issued
    last = bucket.spent_at if bucket else 0.0
    same = issued is not None and (issued.authority, issued.left_out) == (order.authority, order.left_out)
    if issued is not None and same and issued.request_digest == order.request_digest:
        last = max(last, issued.not_before)
    return last > now - RENEWAL_WITHIN


def may_use_last(certificate: ManagedCertificate, now: float) -> bool:
    """Whether a certificate may take the last of its duplicates: somebody said so, or it is nearly over."""
    return certificate.use_last_duplicate or is_emergency(certificate, now)


def heed(
    order: Order,
    authority: AcmeAuthority,
    claims: Sequence[Claim],
    announced: Sequence[Announced],
    certificate: ManagedCertificate,
    now: float,
) -> None:
    """Wait for what the authority has announced, unless the order is spared that limit.

    A person who requests a certificate of paused names may have had them taken up again, so that is tried.

    Raises:
        RateLimited: it concerns this order.
    """
    known, claimed = {limit.kind for limit in authority.limits}, {claim.limit.kind for claim in claims}
    for item in sorted(announced, key=lambda item: -item.until):
        if item.kind in known - claimed or item.subject not in subjects(item.kind, order.identifiers):
            continue
        if item.kind is LimitKind.NAMES and certificate.requested_at is not None:
            continue
        raise RateLimited(
            f"{authority.title} takes no more {what_is_limited(item.kind, item.subject)} until {_utc(item.until)}. "
            f"It said: {item.text}",
            item.remedy,
            retry_after=item.until - now + MARGIN,
        )


def told_to_wait(authority: AcmeAuthority, wait: Wait, now: float) -> RateLimited:
    """Return what an order is told that has to wait for its turn."""
    limit = wait.claim.limit
    return RateLimited(
        f"{authority.title} takes {in_words(limit)}: {what_is_limited(limit.kind, wait.claim.subject)}; {wait.spent} "
        f"are spent or waited for, and this one's turn is at {_utc(wait.until)}.",
        "Nothing needs to be done: it goes on then. See `certify limits`.",
        retry_after=wait.until - now + MARGIN,
    )


def last_one(authority: AcmeAuthority, claim: Claim, moment: float, now: float) -> PolicyRefused:
    """Return what an order is told that would take the last duplicate."""
    return PolicyRefused(
        f"{authority.title} takes {in_words(claim.limit)}: {what_is_limited(claim.limit.kind, claim.subject)}. This "
        f"would be the last one; there are two again at {_utc(moment)}.",
        "Wait until then; or, if it is needed now, allow it: certify renew NAME --use-last-duplicate",
        retry_after=moment - now + MARGIN,
    )


def _utc(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
