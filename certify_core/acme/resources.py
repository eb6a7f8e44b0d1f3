"""What an authority tells of orders and authorizations, as values of ours (RFC 8555 section 7.1).

Read tolerantly: a status, a challenge type or an identifier type that we do not know is kept as text, and an odd
member is taken for absent. Only what no order can do without is demanded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urljoin

from certify_core.acme.answer import Answer
from certify_core.acme.problems import Problem
from certify_core.domain.identifiers import Identifier, IdentifierType
from certify_core.errors import ProtocolViolation


@dataclass(frozen=True, slots=True)
class Registration:
    """An account as the authority knows it."""

    url: str
    """Its address, which is also its name."""
    orders_url: str | None
    """Where its orders are listed, if the authority does that."""
    status: str
    contact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """How an order stands at the authority."""

    url: str
    status: str
    """``pending``, ``ready``, ``processing``, ``valid`` or ``invalid`` (RFC 8555 section 7.1.6), or what came."""
    identifiers: tuple[str, ...]
    """The names it is for, without their types."""
    authorizations: tuple[str, ...]
    """Addresses of what has to be shown."""
    finalize: str
    """Where the signing request goes."""
    certificate: str | None
    """Where the certificate is, once there is one."""
    error: Problem | None
    retry_after: float | None
    """Seconds that the authority asks us to wait before we ask again."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A challenge that the authority offers for an authorization."""

    type: str
    url: str
    """Where to say that the answer is ready."""
    token: str
    """Random text of the authority's; empty for types that have none."""
    status: str
    error: Problem | None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What has to be shown for one name."""

    url: str
    identifier: Identifier
    """The name; of a wildcard, without ``*.``."""
    wildcard: bool
    status: str
    offers: tuple[Offer, ...]


def registration_in(answer: Answer) -> Registration:
    """Read the answer of newAccount; raises ProtocolViolation if it has no address."""
    document = answer.json()
    return Registration(
        url=_location(answer),
        orders_url=_text(document, "orders"),
        status=_text(document, "status") or "valid",
        contact=_texts(document, "contact"),
    )


def new_order_in(answer: Answer) -> OrderStatus:
    """Read the answer of newOrder; raises ProtocolViolation if it has no address or is no order."""
    return order_in(answer, _location(answer))


def order_in(answer: Answer, url: str | None) -> OrderStatus:
    """Read an order; raises ProtocolViolation if it is none.

    Args:
        answer: what came.
        url: the order's address; if None, the one that the answer gives in its Location.
    """
    document = answer.json()
    return OrderStatus(
        url=url or answer.headers.get("Location") or "",
        status=_demanded(document, "status", answer),
        identifiers=tuple(_identifier(item).value for item in _objects(document, "identifiers")),
        authorizations=_texts(document, "authorizations"),
        finalize=_demanded(document, "finalize", answer),
        certificate=_text(document, "certificate"),
        error=_problem(document),
        retry_after=answer.retry_after,
    )


def authorization_in(answer: Answer) -> Authorization:
    """Read an authorization; raises ProtocolViolation if it is none."""
    document = answer.json()
    identifier = document.get("identifier")
    if not isinstance(identifier, dict):
        raise _lacks(answer, "identifier")
    return Authorization(
        url=answer.url,
        identifier=_identifier(identifier),
        wildcard=document.get("wildcard") is True,
        status=_demanded(document, "status", answer),
        offers=tuple(_offer(item) for item in _objects(document, "challenges")),
    )


def order_urls_in(answer: Answer) -> tuple[str, ...]:
    """Read one page of an account's orders (RFC 8555 section 7.1.2.1)."""
    return _texts(answer.json(), "orders")


def _offer(document: Mapping[str, Any]) -> Offer:
    return Offer(
        type=_text(document, "type") or "",
        url=_text(document, "url") or "",
        token=_text(document, "token") or "",
        status=_text(document, "status") or "pending",
        error=_problem(document),
    )


def _identifier(document: Mapping[str, Any]) -> Identifier:
    # A type that we do not know stays text: it is never asked for, and must not make the rest unreadable.
    kind = cast(IdentifierType, _text(document, "type") or "")
    return Identifier(IdentifierType(kind) if kind in set(IdentifierType) else kind, _text(document, "value") or "")


def _problem(document: Mapping[str, Any]) -> Problem | None:
    error = document.get("error")
    return Problem(error) if isinstance(error, dict) else None


def _location(answer: Answer) -> str:
    location = answer.headers.get("Location")
    if not location:
        raise ProtocolViolation(f"{answer.url} answered without a Location.", "Ask the authority for help.")
    return urljoin(answer.url, location)


def _demanded(document: Mapping[str, Any], name: str, answer: Answer) -> str:
    text = _text(document, name)
    if text is None:
        raise _lacks(answer, name)
    return text


def _lacks(answer: Answer, name: str) -> ProtocolViolation:
    return ProtocolViolation(f"{answer.url} answered without {name!r}.", "Ask the authority for help.")


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) and value else None


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = document.get(name)
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _objects(document: Mapping[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    values = document.get(name)
    return tuple(value for value in values if isinstance(value, dict)) if isinstance(values, list) else ()
