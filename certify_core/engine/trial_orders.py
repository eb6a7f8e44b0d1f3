"""A whole order at an authority for tests: names are validated and a certificate is issued, and both are forgotten.

Nothing of it is kept here but the account at that authority, which is opened if there is none. Where this process is
killed on the way, an answer to a challenge may be left behind; it is of no use to anybody.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.acme import AcmeClient, OrderStatus
from certify_core.contracts import AcmeAuthority
from certify_core.domain.order import Order, OrderState
from certify_core.domain.settings import CertificateSettings, OrderWishes
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.challenges import Challenges, refusal
from certify_core.engine.signing_requests import read_signing_request
from certify_core.engine.x509 import check_issued, make_csr, make_key
from certify_core.errors import AuthorityUnavailable, Conflict, ProtocolViolation
from certify_core.store import Store

PATIENCE = 120.0
"""Seconds that the authority has for each of validation and issuance, whenever it wants to be asked again."""
PAUSE = 0.5
"""Seconds before it is asked again, where it does not say."""


class TrialOrders:
    """Orders what nobody keeps."""

    def __init__(
        self, store: Store, accounts: AccountKeeper, challenges: Challenges, *, patience: float = PATIENCE
    ) -> None:
        """`patience` is how many seconds the authority has for each of validation and issuance."""
        self._store = store
        self._accounts = accounts
        self._challenges = challenges
        self._patience = patience

    def run(self, authority: AcmeAuthority, settings: CertificateSettings) -> None:
        """Order a certificate as these settings want it, and forget it.

        Raises:
            Conflict: the authority has given one again that a renewal or its rehearsal has under way.
            CertifyError: it cannot be had; what was presented is taken away again.
        """
        with self._accounts.silence.listening(authority.directory):
            client = self._accounts.client(authority)
            placed = client.new_order(settings.parsed_identifiers)
            if self._store.orders.is_under_way(placed.url):  # its answers are not ours to take away
                raise Conflict(
                    f"{authority.title} has an order for these names already, which a renewal is waiting for.",
                    "Try it again when that has ended: certify show NAME says how far it is.",
                )
            order = _order(authority, settings, placed)
            with self._validating(order, authority, client) as order:
                status = self._settled(client, placed, "pending")
                if status.status == "invalid":
                    raise refusal(client.authorizations(order.authorizations))
            status = self._settled(client, client.finalize(status, order.csr_der), "ready", "processing")
            if status.certificate is None:
                reason = status.error.detail if status.error else "it does not say why"
                raise ProtocolViolation(f"{authority.title} did not issue the certificate: {reason}.", "Try it again.")
            check_issued(client.certificate(status.certificate), order.csr_der, order.identifiers)

    @contextmanager
    def _validating(self, order: Order, authority: AcmeAuthority, client: AcmeClient) -> Iterator[Order]:
        """Present what the authority wants to see, for as long as the block lasts."""
        if not self._accounts.validations.begin(authority.directory, order.id):
            raise Conflict(f"The key of the account at {authority.title} is being changed.", "Try it in a minute.")
        try:
            chosen = self._challenges.choose(order, client.authorizations(order.authorizations), client)
            order = replace(order, challenges=chosen)
            self._challenges.present(order)
            for challenge in chosen:
                client.answer(challenge.offer_url)
            yield order
        finally:
            self._challenges.clean_up(order)
            self._accounts.validations.end(order.id)

    def _settled(self, client: AcmeClient, order: OrderStatus, *waiting: str) -> OrderStatus:
        """Ask for an order until its status is none of `waiting`."""
        deadline = time.monotonic() + self._patience
        pause = threading.Event()
        while order.status in waiting:
            left = deadline - time.monotonic()
            if left <= 0:
                cause = f"The authority has left the order {order.status} for {self._patience:.0f} seconds."
                raise AuthorityUnavailable(cause, "Try it again later.")
            pause.wait(min(max(order.retry_after or 0.0, PAUSE), left))
            order = client.order(order.url)
        return order


def _order(authority: AcmeAuthority, settings: CertificateSettings, placed: OrderStatus) -> Order:
    """Return the order as a value: what challenges are presented for."""
    identifiers = settings.parsed_identifiers
    if settings.csr is not None:
        csr_der = read_signing_request(settings.csr).public_bytes(Encoding.DER)
    else:
        csr_der = make_csr(make_key(settings.key_type), identifiers)
    return Order(
        id=uuid.uuid4().hex,
        certificate_id="",
        authority=authority.id,
        ca_bundle=settings.ca_bundle,
        identifiers=identifiers,
        request_digest="",
        challenge=settings.challenge,
        wishes=OrderWishes(),
        private_key_pem="",
        csr_der=csr_der,
        created_at=time.time(),
        state=OrderState.PLACED,
        url=placed.url,
        authorizations=placed.authorizations,
    )
