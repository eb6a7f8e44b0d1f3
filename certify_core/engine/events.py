"""What happens, told to whoever listens while it happens: the API's streams, the log of each certificate."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from certify_core.domain.failure import Failure

_log = logging.getLogger(__name__)


class EventKind(StrEnum):
    """The steps of a certificate's way, in their order, and how they can end."""

    ORDER_CREATED = "order created"
    ORDER_PLACED = "order placed"
    CHALLENGE_PRESENTED = "challenge presented"
    VALIDATED = "validated"
    FINALIZED = "finalized"
    SAVED = "saved"
    RENEWAL_WINDOW = "renewal window"
    """The authority suggests when to renew, or has changed its mind."""
    DEPLOYED = "deployed"
    VERIFIED = "verified"
    FAILED = "failed"
    DEPLOYMENT_FAILED = "deployment failed"
    WARNING = "warning"
    REVOKED = "revoked"
    REVOCATION_FAILED = "revocation failed"
    SETTLED = "settled"
    """Nothing more happens by itself before the next due moment."""


class Event(BaseModel):
    """One thing that happened to one managed certificate."""

    model_config = ConfigDict(frozen=True)

    certificate_id: str
    at: float
    """Seconds since the epoch."""
    kind: EventKind
    message: str
    failure: Failure | None = None


Listener = Callable[[Event], None]


class Events:
    """Hands each event to every listener, in the thread in which it happens; a listener's error is its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; return what removes it again."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return unsubscribe

    def publish(self, certificate_id: str, kind: EventKind, message: str, failure: Failure | None = None) -> None:
        """Tell everybody."""
        event = Event(certificate_id=certificate_id, at=self._clock(), kind=kind, message=message, failure=failure)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("A listener failed at %s", event.kind)
