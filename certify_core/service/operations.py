"""Long work that a client asked for and may watch: what happened to one certificate until it came to rest.

Operations live in memory. After a restart the engine goes on by itself; a client that asks for a forgotten
operation is told so and finds the outcome at the certificate.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from certify_core.domain.certificate import Status
from certify_core.engine.events import Event, EventKind, Events
from certify_core.errors import CertifyError, NotFound

_log = logging.getLogger(__name__)

KEPT = 1000
"""So many operations are remembered; the oldest are forgotten first."""


@dataclass(slots=True)
class Operation:
    """One piece of long work."""

    certificate_id: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    events: list[Event] = field(default_factory=list)
    outcome: str | None = None
    """``succeeded`` or ``failed`` once it has ended."""
    succeeds_if: Callable[[str], bool] = Status.HEALTHY.__eq__
    """Whether it has succeeded, told by the certificate's status when that comes to rest; may ask the database.

    A `CertifyError` that it raises is a failure too: nobody waits for an outcome that never comes.
    """
    accepted: bool = False
    """Whether what was asked for is durable: a certificate that comes to rest before that rests from something else."""

    def accept(self) -> None:
        """Note that what was asked for is durable."""
        self.accepted = True


class Operations:
    """All operations of this process."""

    def __init__(self, events: Events, begin: Callable[[str], None] = lambda certificate_id: None) -> None:
        """`begin` is called before work on a certificate is asked for."""
        self._begin = begin
        self._operations: OrderedDict[str, Operation] = OrderedDict()
        self._running: dict[str, list[Operation]] = {}
        self._watchers: list[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._lock = threading.Lock()
        events.subscribe(self._happened)

    @contextmanager
    def started(self, certificate_id: str) -> Iterator[Operation]:
        """Watch a certificate from now until it comes to rest; forget that again if the block does not accept it."""
        operation = self._start(certificate_id)
        self._begin(certificate_id)
        try:
            yield operation
        finally:
            if not operation.accepted:
                with self._lock:
                    self._operations.pop(operation.id, None)
                    self._running[certificate_id].remove(operation)

    def _start(self, certificate_id: str) -> Operation:
        operation = Operation(certificate_id)
        with self._lock:
            self._operations[operation.id] = operation
            self._running.setdefault(certificate_id, []).append(operation)
            while len(self._operations) > KEPT:
                self._operations.popitem(last=False)
        return operation

    def get(self, operation_id: str) -> Operation:
        """Return an operation.

        Raises:
            NotFound: there is none, or it was forgotten.
        """
        with self._lock:
            operation = self._operations.get(operation_id)
        if operation is None:
            raise NotFound(
                f"There is no operation {operation_id}, or the service was restarted since.",
                "The certificate itself says how it went.",
            )
        return operation

    async def watch(self, operation: Operation, *, keep_alive: float) -> AsyncIterator[Event | None]:
        """Yield every event of an operation, those of the past first, until it ends; None is a sign of life."""
        change = asyncio.Event()
        watcher = (operation.id, asyncio.get_running_loop(), change)
        with self._lock:
            self._watchers.append(watcher)
        seen = 0
        try:
            while True:
                change.clear()
                ended = operation.outcome is not None
                for event in operation.events[seen:]:
                    seen += 1
                    yield event
                if ended:
                    return
                try:
                    await asyncio.wait_for(change.wait(), keep_alive)
                except TimeoutError:
                    yield None
        finally:
            with self._lock:
                self._watchers.remove(watcher)

    def _happened(self, event: Event) -> None:
        settled = event.kind is EventKind.SETTLED
        outcomes = self._outcomes(event) if settled else {}
        with self._lock:
            operations = list(self._running.get(event.certificate_id, ()))
            if settled:
                operations = [operation for operation in operations if operation.id in outcomes]
            for operation in operations:
                operation.events.append(event)
                if settled:
                    operation.outcome = outcomes[operation.id]
                    self._running[event.certificate_id].remove(operation)
            if settled and not self._running.get(event.certificate_id):
                self._running.pop(event.certificate_id, None)
            concerned = {operation.id for operation in operations}
            watchers = [watcher for watcher in self._watchers if watcher[0] in concerned]
        for _, loop, change in watchers:
            loop.call_soon_threadsafe(change.set)

    def _outcomes(self, event: Event) -> dict[str, str]:
        """Return how each operation has ended; without the lock, as the event loop never waits for the database."""
        with self._lock:
            running = self._running.get(event.certificate_id, ())
            accepted = [operation for operation in running if operation.accepted]
        return {operation.id: _outcome(operation, event.message) for operation in accepted}


def _outcome(operation: Operation, status: str) -> str:
    try:
        return "succeeded" if operation.succeeds_if(status) else "failed"
    except CertifyError as error:
        _log.warning("Whether an operation of %s has succeeded is not known: %s", operation.certificate_id, error)
        return "failed"
