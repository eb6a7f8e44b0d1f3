"""The order's way from wanted to issued, one committed step at a time.

`advance` takes exactly one step. Before a step talks to the authority, all that a restart would need is in the store;
so a crash at any point is continued, never repeated (RFC 8555 section 7.4).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from certify_core.acme import AcmeClient, OrderStatus, ProblemError
from certify_core.contracts import AcmeAuthority, Authority
from certify_core.domain.attempts import deviations, next_attempt
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.identifiers import parse_identifier
from certify_core.domain.order import Order, OrderState
from certify_core.domain.schedule import DAY
from certify_core.engine.acceptance import check_profile
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.challenges import Challenges, is_outdated, refusal
from certify_core.engine.events import EventKind, Events
from certify_core.engine.ledger import Ledger
from certify_core.engine.order_keys import key_and_request, replaced_by
from certify_core.engine.probes import Probes
from certify_core.engine.replacing import origin_of, placed, replaced_id
from certify_core.engine.wanted import Wanted
from certify_core.engine.x509 import check_issued, leads_to
from certify_core.errors import AuthorityUnavailable, ProtocolViolation
from certify_core.store import Store
from certify_core.store.ledger import Spending

FIRST_POLL = 0.1
"""Seconds before the authority is asked again, where it does not say; grows by half each time."""
POLL_GROWTH = 1.5
LONGEST_POLL = 5.0
MAX_POLLS = 150
"""About ten minutes of patience, counted and not timed: a clock that is set does not matter."""

Advance = tuple[Order, float]
"""The order as it was committed, and the seconds to wait before its next step."""


class OrderMachine:
    """Takes orders through their states."""

    def __init__(self, store: Store, wanted: Wanted, events: Events, clock: Callable[[], float]) -> None:
        self._store = store
        self._wanted = wanted
        self._events = events
        self._clock = clock
        self._accounts = AccountKeeper(store, clock)
        self._challenges = Challenges(wanted)
        self._probes = Probes(store, self._challenges)
        self.ledger = Ledger(store, clock)
        self._answering = ThreadPoolExecutor(max_workers=8, thread_name_prefix="answer")
        self._uninterrupted: set[str] = set()
        """Orders whose every step was seen by this process: what was not committed was not asked either."""
        self._steps: dict[OrderState, Callable[[Order, AcmeAuthority], Advance]] = {
            OrderState.PREPARED: self._place,
            OrderState.PLACED: self._choose_challenges,
            OrderState.CHALLENGED: self._present,
            OrderState.PRESENTED: self._answer,
            OrderState.VALIDATING: self._await_validation,
            OrderState.VALIDATED: self._finalize,
            OrderState.FINALIZED: self._fetch,
        }

    @property
    def accounts(self) -> AccountKeeper:
        """The accounts that orders are placed with."""
        return self._accounts

    def begin(self, certificate: ManagedCertificate) -> Order:
        """Make and keep a new order with its key: the authority hears of it in the next step."""
        settings = certificate.settings
        attempt = next_attempt(certificate, self._wanted.rehearsal(settings), self._clock())
        if not attempt.rehearsal:
            self._wanted.keep_trusted(attempt.authority, settings, certificate.issued)
        identifiers = tuple(parse_identifier(text) for text in attempt.identifiers)
        replaced = replaced_by(certificate, attempt.part)
        private_key_pem, csr_der = key_and_request(certificate, attempt, identifiers, self._store)
        order = Order(
            id=uuid.uuid4().hex,
            certificate_id=certificate.id,
            authority=attempt.authority,
            ca_bundle=settings.ca_bundle,
            identifiers=identifiers,
            request_digest=settings.request_digest,
            challenge=settings.challenge,
            wishes=attempt.wishes,
            private_key_pem=private_key_pem,
            csr_der=csr_der,
            created_at=self._clock(),
            predecessor=replaced.origin if replaced else None,
            left_out=attempt.left_out,
            rehearsal=attempt.rehearsal,
            part=attempt.part,
        )
        self._store.orders.open(order)
        self._uninterrupted.add(order.id)
        saved = "key and signing request" if order.private_key_pem else "signing request"
        self._tell(order, EventKind.ORDER_CREATED, f"{saved} saved for {', '.join(attempt.identifiers)}")
        for warning in deviations(attempt, settings):
            self._tell(order, EventKind.WARNING, warning)
        return order

    def authority_time(self, certificate: ManagedCertificate) -> float | None:
        """Return what time it is at the certificate's authority; None if that is in this process."""
        authority = self._wanted.authority(certificate.settings.authority, certificate.settings.ca_bundle)
        return self._accounts.client(authority).authority_time() if isinstance(authority, AcmeAuthority) else None

    def advance(self, order: Order) -> Advance:
        """Take the next step and commit it.

        Raises:
            CertifyError: the step failed and nothing was committed.
        """
        authority = self._authority(order)
        try:
            if not isinstance(authority, AcmeAuthority):
                return self._save(order, authority.issue(order.csr_der, order.identifiers)), 0.0
            with self._accounts.silence.listening(authority.directory):
                return self._steps[order.state](order, authority)
        except Exception as error:
            self._uninterrupted.discard(order.id)
            self._accounts.validations.end(order.id)
            if isinstance(authority, AcmeAuthority):
                self.ledger.refused(order, authority, error)
            if order.state is OrderState.PREPARED:
                self.ledger.release(order.id)
            raise

    def abandon(self, order: Order) -> None:
        """Take away everything that an order that ends has put outside."""
        self._challenges.clean_up(order)
        self._uninterrupted.discard(order.id)
        self._accounts.validations.end(order.id)
        self.ledger.forget(order.id)

    def close(self) -> None:
        """Close connections and threads."""
        self._answering.shutdown(wait=False, cancel_futures=True)
        self._accounts.close()

    # -- steps ---------------------------------------------------------------------------------------------------

    def _place(self, order: Order, authority: AcmeAuthority) -> Advance:
        self._probes.check(order)
        client = self._accounts.client(authority)
        status = self._lost_order(order, authority, client) or self._new_order(order, authority, client)
        self._tell(order, EventKind.ORDER_PLACED, f"order placed at {authority.title}")
        with self.ledger.placing(order, authority) as spent:
            return self._commit(
                order,
                OrderState.PLACED,
                spent,
                url=status.url,
                finalize_url=status.finalize,
                authorizations=status.authorizations,
            )

    def _new_order(self, order: Order, authority: AcmeAuthority, client: AcmeClient) -> OrderStatus:
        wishes = order.wishes
        check_profile(wishes.profile, authority, client)
        not_after = None if wishes.lifetime_days is None else self._clock() + wishes.lifetime_days * DAY
        replaces = replaced_id(order, authority, client)
        self.ledger.admit(order, authority, replaces=replaces is not None)

        def without_replacing(error: ProblemError) -> None:
            self._tell(order, EventKind.WARNING, f"{error.cause} It is ordered without `replaces`.")
            self.ledger.admit(order, authority, replaces=False)

        return placed(
            lambda replaces: client.new_order(
                order.identifiers, profile=wishes.profile, not_after=not_after, replaces=replaces
            ),
            replaces,
            without_replacing,
        )

    def _lost_order(self, order: Order, authority: AcmeAuthority, client: AcmeClient) -> OrderStatus | None:
        """Return the order that the authority made for us while its answer was lost, if there is one.

        Authorities need not list orders; Let's Encrypt does not, but gives the same pending order again by itself.
        """
        if order.id in self._uninterrupted:
            return None
        orders_url = self._accounts.orders_url(authority)
        if orders_url is None:
            return None
        wanted = {identifier.value for identifier in order.identifiers}
        known = self._store.orders.urls(order.certificate_id)
        for url in client.orders(orders_url):
            if url in known:
                continue
            status = client.order(url)
            if status.status in {"pending", "ready"} and set(status.identifiers) == wanted:
                return status
        return None

    def _choose_challenges(self, order: Order, authority: AcmeAuthority) -> Advance:
        client = self._accounts.client(authority)
        chosen = self._challenges.choose(order, client.authorizations(order.authorizations), client)
        # Names that are still believed need no challenge, and an order of such names is ready at once.
        following = OrderState.CHALLENGED if chosen else OrderState.VALIDATING
        return self._commit(order, following, challenges=chosen)

    def _present(self, order: Order, authority: AcmeAuthority) -> Advance:
        self._challenges.present(order)
        names = ", ".join(challenge.identifier for challenge in order.challenges)
        self._tell(order, EventKind.CHALLENGE_PRESENTED, f"{order.challenges[0].type} presented for {names}")
        return self._commit(order, OrderState.PRESENTED)

    def _answer(self, order: Order, authority: AcmeAuthority) -> Advance:
        client = self._accounts.client(authority)
        if not self._accounts.validations.begin(authority.directory, order.id):
            return order, FIRST_POLL
        if is_outdated(order, client):
            self._accounts.validations.end(order.id)
            self._challenges.clean_up(order)
            return self._commit(order, OrderState.PLACED)
        offers = [challenge.offer_url for challenge in order.challenges]
        if order.id not in self._uninterrupted:
            # A process that is gone may have answered some; and what it presented may be gone with it.
            self._challenges.present(order)
            pending = {
                offer.url
                for authorization in client.authorizations(order.authorizations)
                for offer in authorization.offers
                if authorization.status == "pending" and offer.status == "pending"
            }
            offers = [url for url in offers if url in pending]
        if len(offers) == 1:
            client.answer(offers[0])
        else:
            list(self._answering.map(client.answer, offers))
        return self._commit(order, OrderState.VALIDATING)[0], FIRST_POLL

    def _await_validation(self, order: Order, authority: AcmeAuthority) -> Advance:
        if order.id not in self._uninterrupted and order.polls == 0 and order.challenges:
            self._challenges.present(order)
        client = self._accounts.client(authority)
        self._accounts.validations.begin(authority.directory, order.id)
        status = self._ask(order, client)
        if status.status == "pending":
            return self._again(order, status)
        self._accounts.validations.end(order.id)
        self._challenges.clean_up(order)
        if status.status == "invalid":
            authorizations = client.authorizations(order.authorizations)
            self.ledger.failed(authority, authorizations)
            raise refusal(authorizations)
        self._tell(order, EventKind.VALIDATED, "all names validated")
        return self._commit(order, OrderState.VALIDATED)

    def _finalize(self, order: Order, authority: AcmeAuthority) -> Advance:
        if order.rehearsal:
            return self._rehearsed(order), 0.0
        client = self._accounts.client(authority)
        status = None if order.id in self._uninterrupted else self._ask(order, client)
        if status is None or status.status == "ready":
            assert order.finalize_url is not None  # noqa: S101 - an order that was placed has one
            status = client.finalize(order.finalize_url, order.csr_der)
        self._tell(order, EventKind.FINALIZED, "signing request sent")
        advanced, _ = self._commit(order, OrderState.FINALIZED, certificate_url=status.certificate)
        return advanced, 0.0 if status.certificate else _pause(advanced, status)

    def _rehearsed(self, order: Order) -> Order:
        ended = replace(order, state=OrderState.REHEARSED)
        self._store.orders.rehearsed(ended, self._clock())
        self.ledger.forget(order.id)
        self._uninterrupted.discard(order.id)
        return ended

    def _fetch(self, order: Order, authority: AcmeAuthority) -> Advance:
        client = self._accounts.client(authority)
        certificate_url = order.certificate_url
        if certificate_url is None:
            status = self._ask(order, client)
            certificate_url = status.certificate
            if status.status == "invalid":
                reason = status.error.detail if status.error else "it does not say why"
                raise ProtocolViolation(
                    f"The authority did not issue the certificate: {reason}.", "It is ordered anew."
                )
            if certificate_url is None:
                return self._again(order, status)
        return self._save(order, self._chosen_chain(order, client, certificate_url), authority), 0.0

    def _chosen_chain(self, order: Order, client: AcmeClient, certificate_url: str) -> str:
        wanted = order.wishes.preferred_chain
        if wanted is None:
            return client.certificate(certificate_url)
        chains = client.certificates(certificate_url)
        for chain in chains:
            if leads_to(chain, wanted):
                return chain
        self._tell(order, EventKind.WARNING, f"no chain leads to {wanted}: the authority's first one is taken")
        return chains[0]

    # -- helpers -------------------------------------------------------------------------------------------------

    def _save(self, order: Order, fullchain_pem: str, authority: AcmeAuthority | None = None) -> Order:
        facts = check_issued(fullchain_pem, order.csr_der, order.identifiers)
        issued = Issued(
            id=f"{datetime.fromtimestamp(facts.not_before, UTC):%Y%m%d}_{order.id[:8]}",
            serial=facts.serial,
            thumbprint=facts.thumbprint,
            issuer=facts.issuer,
            not_before=facts.not_before,
            not_after=facts.not_after,
            request_digest=order.request_digest,
            authority=order.authority,
            staging=isinstance(authority, AcmeAuthority) and authority.staging,
            left_out=order.left_out,
            key_digest=facts.key_digest,
            origin=authority and origin_of(order, authority, self._accounts.client(authority), facts.ari_id),
        )
        self._store.assets.save(order.certificate_id, issued.id, fullchain_pem, order.private_key_pem)
        with self.ledger.issuing(order, authority) as spent:
            self._store.orders.complete(order, issued, self._clock(), spent)
        self.ledger.forget(order.id)
        self._uninterrupted.discard(order.id)
        until = f"{datetime.fromtimestamp(issued.not_after, UTC):%Y-%m-%d %H:%M} UTC"
        self._tell(order, EventKind.SAVED, f"certificate {issued.serial} of {issued.issuer} saved, valid until {until}")
        return replace(order, state=OrderState.SAVED)

    def _ask(self, order: Order, client: AcmeClient) -> OrderStatus:
        assert order.url is not None  # noqa: S101 - an order that was placed has one
        return client.order(order.url)

    def _again(self, order: Order, status: OrderStatus) -> Advance:
        if order.polls >= MAX_POLLS:
            raise AuthorityUnavailable(
                f"The authority has left the order {status.status} for too long.", "The order is continued later."
            )
        return replace(order, polls=order.polls + 1), _pause(order, status)

    def _commit(self, order: Order, state: OrderState, spent: Sequence[Spending] = (), **learnt: object) -> Advance:
        advanced = replace(order, state=state, polls=0, step_failures=0, **learnt)  # type: ignore[arg-type]
        self._store.orders.save(advanced, self._clock(), spent)
        return advanced, 0.0

    def _authority(self, order: Order) -> Authority:
        return self._wanted.authority(order.authority, order.ca_bundle)

    def _tell(self, order: Order, kind: EventKind, message: str) -> None:
        self._events.publish(order.certificate_id, kind, message)


def _pause(order: Order, status: OrderStatus) -> float:
    if status.retry_after is not None:
        return max(status.retry_after, FIRST_POLL)
    grown: float = FIRST_POLL * POLL_GROWTH**order.polls
    return min(grown, LONGEST_POLL)
