"""Saying in an order which certificate it replaces (RFC 9773 section 5).

Only the account that a certificate was issued to may say so, at the authority that issued it. Where the authority
minds it all the same, the order is placed once more without a word of it: a renewal never fails over this.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from certify_core.acme import AcmeClient, OrderStatus, Problem, ProblemError
from certify_core.contracts import AcmeAuthority
from certify_core.domain.ari import Origin
from certify_core.domain.order import Order

Place = Callable[[str | None], OrderStatus]
"""Places an order that replaces the certificate of this ARI identifier, or none."""

_NAMES_IT = re.compile(r"\bARI\b|\breplac|\brenewal", re.IGNORECASE)


def origin_of(order: Order, authority: AcmeAuthority, client: AcmeClient, ari_id: str | None) -> Origin | None:
    """Return where a certificate that was just issued comes from, if its authority suggests when to renew."""
    account = client.account_url
    if ari_id is None or account is None or not client.suggests_renewals:
        return None
    return Origin(ari_id=ari_id, authority=order.authority, directory=authority.directory, account=account)


def replaced_id(order: Order, authority: AcmeAuthority, client: AcmeClient) -> str | None:
    """Return the ARI identifier of the certificate that this order replaces, if it may say so."""
    origin = order.predecessor
    if origin is None or (origin.directory, origin.account) != (authority.directory, client.account_url):
        return None
    return origin.ari_id if client.suggests_renewals else None


def placed(place: Place, replaces: str | None, refused: Callable[[ProblemError], None]) -> OrderStatus:
    """Place an order; if the authority refuses what it replaces, tell `refused` and place it once more without that."""
    try:
        return place(replaces)
    except ProblemError as error:
        if replaces is None or not is_about_replacing(error.problem):
            raise
        refused(error)
    return place(None)


def is_about_replacing(problem: Problem) -> bool:
    """Whether an order was refused for what it replaces: the certificate has a successor, or is not known."""
    if problem.kind in {"alreadyReplaced", "conflict"} or problem.status == 409:
        return True
    about_content = problem.kind in {"malformed", "unauthorized"} or problem.status == 404
    return about_content and _NAMES_IT.search(problem.detail) is not None
