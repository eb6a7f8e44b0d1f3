"""Which request a line of the log belongs to: one id, from the API through the engine's threads to the authority.

Work that nobody asked for, such as a renewal that is due, gets an id of its own. Ids live in memory: what goes on after
a restart has a new one.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("correlation", default="")


def current() -> str:
    """Return the id of what this thread or task is doing; empty if it has none."""
    return _current.get()


def new_id() -> str:
    """Return an id that no other request has."""
    return secrets.token_hex(8)


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Do what is in the block under an id."""
    token = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(token)


class Correlations:
    """The ids of work on certificates, from the request until it has come to rest."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def begin(self, certificate_id: str) -> None:
        """Have the work on a certificate, from now on, go by the current id."""
        if correlation_id := current():
            with self._lock:
                self._ids[certificate_id] = correlation_id

    @contextmanager
    def work_on(self, certificate_id: str) -> Iterator[None]:
        """Do what is in the block under the id of the work on a certificate."""
        with self._lock:
            if certificate_id not in self._ids:
                self._ids[certificate_id] = new_id()
            correlation_id = self._ids[certificate_id]
        with correlated(correlation_id):
            yield

    def end(self, certificate_id: str) -> None:
        """Forget the id: the certificate has come to rest."""
        with self._lock:
            self._ids.pop(certificate_id, None)
