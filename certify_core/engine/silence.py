"""Authorities that hang: they cost one thread for one time-out, and nobody else's turn.

A call that found no answer for a long time marks its authority as silent for a while; until then other orders there
fail at once instead of waiting for the same silence. And the orders of one authority never take every thread.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from certify_core.errors import AuthorityUnavailable

LONG = 10.0
"""Seconds without an answer that make a silence; refusals and broken connections come sooner."""
SILENT_FOR = 60.0
"""Seconds for which a silent authority is left alone."""


class Silence:
    """Knows which authorities did not answer."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    @contextmanager
    def listening(self, authority: str) -> Iterator[None]:
        """Do something with an authority; note it if there is no answer.

        Raises:
            AuthorityUnavailable: it was silent a moment ago and is not asked now.
        """
        if time.monotonic() < self._until.get(authority, 0.0):
            raise AuthorityUnavailable(
                f"{authority} did not answer a moment ago, and is left alone for {SILENT_FOR:.0f} seconds.",
                "It is tried again by itself; look at the authority's status page and at this machine's network.",
            )
        began = time.monotonic()
        try:
            yield
        except AuthorityUnavailable:
            if time.monotonic() - began >= LONG:
                self._until[authority] = time.monotonic() + SILENT_FOR
            raise


class Lanes:
    """Lets so many orders of one authority be at work at once; the others wait without a thread."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lock = threading.Lock()
        self._at_work: defaultdict[str, int] = defaultdict(int)
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)
        self._granted: dict[str, str] = {}

    def enter(self, authority: str, certificate_id: str) -> bool:
        """Return whether there is a place; if not, `leave` of somebody else will name the certificate."""
        with self._lock:
            if self._granted.pop(certificate_id, None) == authority:
                return True
            if self._at_work[authority] >= self._width:
                self._waiting[authority].append(certificate_id)
                return False
            self._at_work[authority] += 1
            return True

    def leave(self, authority: str) -> str | None:
        """Give a place up; return the certificate that has it now, and has to be told."""
        with self._lock:
            return self._hand_over(authority)

    def decline(self, certificate_id: str) -> str | None:
        """Give up a place that was granted and is not needed any more; return the certificate that has it now."""
        with self._lock:
            authority = self._granted.pop(certificate_id, None)
            return None if authority is None else self._hand_over(authority)

    def _hand_over(self, authority: str) -> str | None:
        if not self._waiting[authority]:
            self._at_work[authority] -= 1
            return None
        following = self._waiting[authority].popleft()
        self._granted[following] = authority
        return following
