"""The job that takes a managed certificate from due to issued, and decides what a failure means."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from certify_core.domain.attempts import Outcome, after_failure
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.order import Order, OrderState, Part
from certify_core.domain.schedule import DueReason, due, wait_after
from certify_core.engine.clock import Clock
from certify_core.engine.events import EventKind, Events
from certify_core.engine.orders import OrderMachine
from certify_core.engine.silence import Lanes
from certify_core.errors import NotFound, failure_of
from certify_core.store import Store

ENDS_AN_ORDER = {FailureClass.USER, FailureClass.POLICY}
"""After these the authority will not go on with the same order; all others are waited out."""
ORDERS_AT_ONE_AUTHORITY = 16
"""So many threads at most work for one authority: if it hangs, there are others left."""
TIMED = {DueReason.LIFETIME, DueReason.ARI, DueReason.EMERGENCY}
"""Reasons that a wrong clock may bring up."""
MAX_STEP_FAILURES = 5
"""An order whose same step breaks the protocol this often in a row is given up."""

_log = logging.getLogger(__name__)


class Renewals:
    """Handler of the jobs that renew: a job's name is the managed certificate's id."""

    def __init__(
        self,
        store: Store,
        machine: OrderMachine,
        events: Events,
        clock: Clock,
        settled: Callable[[str], None],
        submit: Callable[[str], None],
    ) -> None:
        """Prepare.

        `settled` is called with the certificate's id when its order has ended or waits for a later try; `submit` when
        it is its turn after it had to wait for others at the same authority.
        """
        self._store = store
        self._machine = machine
        self._events = events
        self._clock = clock
        self._settled = settled
        self._submit = submit
        self._lanes = Lanes(ORDERS_AT_ONE_AUTHORITY)
        self._under_way: dict[str, Order] = {}

    def run(self, certificate_id: str) -> float | None:
        """Take steps until the order ends, fails or has to wait; return the seconds to wait."""
        order = self._under_way.get(certificate_id) or self._taken_up(certificate_id)
        if order is None:
            self._resume(self._lanes.decline(certificate_id))
            return None
        self._under_way[certificate_id] = order
        if not self._lanes.enter(order.authority, certificate_id):
            return None
        try:
            return self._go_on(order)
        finally:
            self._resume(self._lanes.leave(order.authority))

    def _go_on(self, order: Order) -> float | None:
        wait = 0.0
        while order.state.is_open and not wait:
            try:
                order, wait = self._machine.advance(order)
            except (Exception, SystemExit) as error:  # a plugin's exit is its failure and not ours
                self._step_failed(order, error)
                return None
            if _is_followed(order):
                following = self._following(order.certificate_id)
                if following is None:
                    return None
                order = following
        if order.state.is_open:
            self._under_way[order.certificate_id] = order
            return wait
        self._under_way.pop(order.certificate_id, None)
        self._settled(order.certificate_id)
        return None

    def _following(self, certificate_id: str) -> Order | None:
        """Return the order that comes after a rehearsal, or after the first one of a pair."""
        self._under_way.pop(certificate_id, None)
        try:
            return self._machine.begin(self._store.certificates.get(certificate_id))
        except NotFound:
            return None
        except Exception as error:
            self._not_begun(certificate_id, error)
            return None

    def _taken_up(self, certificate_id: str) -> Order | None:
        try:
            return self._order(certificate_id)
        except NotFound:
            return None
        except Exception as error:
            self._not_begun(certificate_id, error)
            return None

    def _resume(self, certificate_id: str | None) -> None:
        if certificate_id is not None:
            self._submit(certificate_id)

    def order_under_way(self, certificate_id: str) -> Order | None:
        """Return the order that a certificate is waiting for, if there is one."""
        certificate = self._store.certificates.get(certificate_id)
        return self._store.orders.get(certificate.order_id) if certificate.order_id else None

    def _order(self, certificate_id: str) -> Order | None:
        """Return the order to go on with: the one under way, or a new one if the certificate is due."""
        certificate = self._store.certificates.get(certificate_id)
        if certificate.order_id is not None:
            return self._store.orders.get(certificate.order_id)
        if self._is_due(certificate):
            return self._machine.begin(certificate)
        self._store.schedule.release(certificate_id, self._clock())
        self._settled(certificate_id)
        return None

    def _is_due(self, certificate: ManagedCertificate) -> bool:
        """Look again: since the claim somebody may have changed it, and the clock that called it due may be wrong."""
        now_due = due(certificate)
        if now_due.at is None or now_due.reason not in TIMED:
            return now_due.at is not None
        if not self._clock.is_confirmed:
            self._clock.learn(self._machine.authority_time(certificate))
        return now_due.at <= self._clock()

    def _not_begun(self, certificate_id: str, error: BaseException) -> None:
        failure = self._log_failure(certificate_id, error, "begin")
        now = self._clock()
        certificate = self._store.certificates.get(certificate_id)
        setbacks = certificate.setbacks.model_copy(update={"authority": None})
        outcome = Outcome(now + wait_after(certificate, failure, now), setbacks)
        self._tell(self._store.orders.not_begun(certificate_id, failure, outcome, now), failure, now)

    def _step_failed(self, order: Order, error: BaseException) -> None:
        self._under_way.pop(order.certificate_id, None)
        failure = self._log_failure(order.certificate_id, error, order.state.value)
        now = self._clock()
        order = replace(order, step_failures=order.step_failures + 1, failure=failure)
        try:
            certificate = self._store.certificates.get(order.certificate_id)
        except NotFound:
            # Deleted meanwhile: then nothing of it stays, nor what this step has just saved.
            self._machine.abandon(order)
            self._store.assets.delete(order.certificate_id)
            return
        outcome = after_failure(certificate, order, failure, now)
        if outcome.moves_on or _ends(order, failure):
            self._machine.abandon(order)
            changed = self._store.orders.fail(order, failure, outcome, now)
        else:
            changed = self._store.orders.interrupt(order, failure, outcome, now)
        self._tell(changed, failure, now)

    def _log_failure(self, certificate_id: str, error: BaseException, step: str) -> Failure:
        failure = failure_of(error, step)
        _log.error("Certificate %s, %s: %s", certificate_id, step, failure, exc_info=error)
        return failure

    def _tell(self, certificate: ManagedCertificate, failure: Failure, now: float) -> None:
        following = due(certificate).at
        when = "" if following is None else f" Next try in {_duration(max(following - now, 0.0))}"
        where = f" at {certificate.setbacks.authority}" if certificate.setbacks.authority else ""
        self._events.publish(certificate.id, EventKind.FAILED, f"{failure}{when}{where}.", failure)
        self._settled(certificate.id)


def _is_followed(order: Order) -> bool:
    return order.state is OrderState.REHEARSED or (order.state is OrderState.SAVED and order.part is Part.FIRST)


def _ends(order: Order, failure: Failure) -> bool:
    if failure.failure_class in ENDS_AN_ORDER:
        return order.state is not OrderState.CHALLENGED or failure.failure_class is FailureClass.POLICY
    return failure.failure_class is FailureClass.PROTOCOL and order.step_failures >= MAX_STEP_FAILURES


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours"
