"""Queries over orders. Each method is one transaction: an order's step and what it means for its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, insert, select, update

from certify_core.domain.ari import Origin
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.failure import Failure
from certify_core.domain.identifiers import parse_identifier
from certify_core.domain.order import Order, OrderedChallenge, OrderState, Part
from certify_core.domain.settings import ChallengeSettings, OrderWishes
from certify_core.errors import NotFound
from certify_core.store.database import Database
from certify_core.store.ledger import Spending, spend_in
from certify_core.store.outcomes import record_attempt_failed, record_half, record_issued, record_rehearsed
from certify_core.store.secrets import Vault
from certify_core.store.tables import CERTIFICATES, ORDERS

O = ORDERS.c  # noqa: E741 - the columns of the orders, as C and D are those of the others
AT_ONCE = 500
"""So many orders are forgotten in one transaction: nobody waits long for it."""
_CHALLENGES = TypeAdapter(tuple[OrderedChallenge, ...])
_BY_ID = select(ORDERS).where(O.id == bindparam("which"))
_SAVE = (
    update(ORDERS)
    .where(O.id == bindparam("which"))
    .values(
        state=bindparam("new_state"),
        url=bindparam("new_url"),
        progress=bindparam("new_progress"),
        updated_at=bindparam("new_updated_at"),
    )
)
_END = _SAVE.values(sealed_key=None)
_INSERT = insert(ORDERS)
_AWAIT = update(CERTIFICATES).where(CERTIFICATES.c.id == bindparam("which")).values(order_id=bindparam("new_order_id"))


class Orders:
    """The orders."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def open(self, order: Order) -> None:
        """Keep a new order with its key, as the one that its certificate is waiting for.

        Raises:
            NotFound: the certificate was deleted meanwhile.
        """
        row = {
            "id": order.id,
            "certificate_id": order.certificate_id,
            "state": order.state.value,
            "url": order.url,
            "document": _document(order),
            "progress": _progress(order),
            "sealed_key": self._vault.seal(order.private_key_pem.encode(), order.id) if order.private_key_pem else None,
            "created_at": order.created_at,
            "updated_at": order.created_at,
        }
        awaited = {"which": order.certificate_id, "new_order_id": order.id}
        with self._database.write() as connection:
            if not connection.execute(_AWAIT, awaited).rowcount:
                raise NotFound(f"There is no managed certificate {order.certificate_id}.", "It was deleted meanwhile.")
            connection.execute(_INSERT, row)

    def get(self, order_id: str) -> Order:
        """Return an order as it was last saved.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            row = connection.execute(_BY_ID, {"which": order_id}).mappings().first()
        if row is None:
            raise NotFound(f"There is no order {order_id}.")
        document, progress = orjson.loads(row["document"]), orjson.loads(row["progress"])
        sealed = row["sealed_key"]
        return Order(
            id=row["id"],
            certificate_id=row["certificate_id"],
            authority=document["authority"],
            ca_bundle=document["ca_bundle"],
            identifiers=tuple(parse_identifier(text) for text in document["identifiers"]),
            request_digest=document["request_digest"],
            challenge=ChallengeSettings.model_validate(document["challenge"]),
            wishes=OrderWishes.model_validate(document.get("wishes", {})),
            left_out=tuple(document.get("left_out", ())),
            rehearsal=document.get("rehearsal", False),
            part=Part(document.get("part", Part.WHOLE)),
            predecessor=Origin.model_validate(document["predecessor"]) if document.get("predecessor") else None,
            private_key_pem=self._vault.unseal(sealed, row["id"]).decode() if sealed else "",
            csr_der=bytes.fromhex(document["csr"]),
            created_at=row["created_at"],
            state=OrderState(row["state"]),
            url=row["url"],
            finalize_url=progress.get("finalize_url"),
            certificate_url=progress.get("certificate_url"),
            authorizations=tuple(progress.get("authorizations", ())),
            challenges=_CHALLENGES.validate_python(progress.get("challenges", ())),
            step_failures=progress.get("step_failures", 0),
            failure=Failure.model_validate(progress["failure"]) if progress.get("failure") else None,
        )

    def save(self, order: Order, now: float, spent: Sequence[Spending] = ()) -> None:
        """Keep how far an open order has come, and what that step has used up of the authority's limits."""
        with self._database.write() as connection:
            connection.execute(_SAVE, _saved(order, now))
            spend_in(connection, spent, now)

    def complete(self, order: Order, issued: Issued, now: float, spent: Sequence[Spending] = ()) -> ManagedCertificate:
        """End an order whose certificate is in the assets, and make it the current one."""
        ended = replace(order, state=OrderState.SAVED, failure=None)
        with self._database.write() as connection:
            connection.execute(_END, _saved(ended, now))
            spend_in(connection, spent, now)
            if order.part is Part.FIRST:
                return record_half(connection, order.certificate_id, issued)
            return record_issued(connection, order.certificate_id, issued, now, order.part)

    def rehearsed(self, order: Order, now: float) -> None:
        """End an order whose names an authority for tests believes; the one that counts is opened next."""
        with self._database.write() as connection:
            connection.execute(_END, _saved(order, now))
            record_rehearsed(connection, order.certificate_id)

    def not_begun(self, certificate_id: str, failure: Failure, outcome: Outcome, now: float) -> ManagedCertificate:
        """Note that an attempt failed before there was an order."""
        with self._database.write() as connection:
            return record_attempt_failed(connection, certificate_id, failure, outcome, now)

    def interrupt(self, order: Order, failure: Failure, outcome: Outcome, now: float) -> ManagedCertificate:
        """Note that a step failed; the order goes on when the outcome says."""
        with self._database.write() as connection:
            connection.execute(_SAVE, _saved(order, now))
            return record_attempt_failed(connection, order.certificate_id, failure, outcome, now)

    def fail(self, order: Order, failure: Failure, outcome: Outcome, now: float) -> ManagedCertificate:
        """End an order for good; the next attempt starts with a new one."""
        ended = replace(order, state=OrderState.FAILED, failure=failure)
        with self._database.write() as connection:
            connection.execute(_END, _saved(ended, now))
            return record_attempt_failed(connection, order.certificate_id, failure, outcome, now, order_ended=True)

    def remove_failed(self, before: float) -> None:
        """Forget the orders that ended without a certificate before a moment, a few at a time.

        It walks through all orders, and is for once a day.
        """
        ended = (OrderState.FAILED.value, OrderState.REHEARSED.value)
        query = select(O.id).where(O.state.in_(ended), O.updated_at < before).limit(AT_ONCE)
        while True:
            with self._database.read() as connection:
                ids = connection.execute(query).scalars().all()
            if ids:
                with self._database.write() as connection:
                    connection.execute(delete(ORDERS).where(O.id.in_(ids)))
            if len(ids) < AT_ONCE:
                return

    def remove_saved(self, certificate_id: str, issued_id: str) -> None:
        """Forget the order that an issued certificate came from."""
        of_it = O.id.startswith(issued_id.rpartition("_")[2])  # as far as the name of what was issued has it
        with self._database.write() as connection:
            connection.execute(
                delete(ORDERS).where(O.certificate_id == certificate_id, O.state == OrderState.SAVED.value, of_it)
            )

    def is_under_way(self, url: str) -> bool:
        """Return whether the order at this address is one that goes on.

        It walks through all orders, and is for when somebody tests by hand.
        """
        going_on = [state.value for state in OrderState if state.is_open]
        query = select(O.id).where(O.url == url, O.state.in_(going_on)).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def urls(self, certificate_id: str) -> set[str]:
        """Return the addresses of all orders of a certificate that we know of."""
        query = select(O.url).where(O.certificate_id == certificate_id, O.url.is_not(None))
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())


def _saved(order: Order, now: float) -> dict[str, Any]:
    return {
        "which": order.id,
        "new_state": order.state.value,
        "new_url": order.url,
        "new_progress": _progress(order),
        "new_updated_at": now,
    }


def _document(order: Order) -> str:
    return orjson.dumps(
        {
            "authority": order.authority,
            "ca_bundle": order.ca_bundle,
            "identifiers": [identifier.value for identifier in order.identifiers],
            "request_digest": order.request_digest,
            "challenge": order.challenge.model_dump(mode="json"),
            "wishes": order.wishes.model_dump(mode="json", exclude_none=True),
            "predecessor": order.predecessor and order.predecessor.model_dump(),
            "left_out": order.left_out,
            "rehearsal": order.rehearsal,
            "part": order.part,
            "csr": order.csr_der.hex(),
        }
    ).decode()


def _progress(order: Order) -> str:
    return orjson.dumps(
        {
            "finalize_url": order.finalize_url,
            "certificate_url": order.certificate_url,
            "authorizations": order.authorizations,
            "challenges": [challenge.model_dump() for challenge in order.challenges],
            "step_failures": order.step_failures,
            "failure": order.failure.model_dump(mode="json") if order.failure else None,
        }
    ).decode()
