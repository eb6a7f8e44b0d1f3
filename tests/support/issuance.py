"""One certificate, straight through the ACME client: what a test needs when orders are not its subject."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from certify_core.acme import AcmeClient, OrderStatus
from certify_core.domain.identifiers import Identifier, parse_identifier
from tests.support.http01 import Http01Responder
from tests.support.local_ca import request

Connect = Callable[..., AcmeClient]
"""Makes a client of the directory at this address; options as `AcmeClient` takes them, with a key of its own."""
POLL_SECONDS = 0.06
"""Pebble wants no less than 0.05."""
PATIENCE_SECONDS = 20.0


def names(*texts: str) -> list[Identifier]:
    """Return identifiers for what a user would write."""
    return [parse_identifier(text) for text in texts]


def answer_http01(client: AcmeClient, responder: Http01Responder, order: OrderStatus) -> None:
    """Serve and announce the answer of every pending authorization of an order."""
    for authorization in client.authorizations(order.authorizations):
        if authorization.status != "pending":
            continue
        offer = next(offer for offer in authorization.offers if offer.type == "http-01")
        responder.answers[offer.token] = client.key_authorization(offer.token)
        client.answer(offer.url)


def settled(client: AcmeClient, order: OrderStatus, *waiting: str) -> OrderStatus:
    """Poll an order until its status is none of `waiting`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while order.status in waiting:
        assert time.monotonic() < deadline, f"still {order.status}"
        pause.wait(order.retry_after or POLL_SECONDS)
        order = client.order(order.url)
    return order


def issue(client: AcmeClient, responder: Http01Responder, *texts: str) -> str:
    """Return a certificate and its chain as PEM for these names."""
    identifiers = names(*texts)
    order = client.new_order(identifiers)
    answer_http01(client, responder, order)
    order = settled(client, order, "pending")
    assert order.status == "ready", client.authorizations(order.authorizations)
    order = client.finalize(order, request(*(identifier.value for identifier in identifiers)))
    order = settled(client, order, "ready", "processing")
    assert order.certificate is not None, order
    return client.certificate(order.certificate)
