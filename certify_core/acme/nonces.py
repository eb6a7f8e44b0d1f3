"""Anti-replay nonces that the authority gave us and that nobody has used yet (RFC 8555 section 6.5).

The newest is taken first, since authorities forget old ones; what is older than `MAX_AGE` is thrown away. Safe for
many threads.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MAX_AGE = 60.0
"""Seconds after which a nonce is more likely to be refused than to save a request."""
MAX_KEPT = 256
"""More than any number of threads has use for; the oldest go first."""


class NoncePool:
    """A stack of fresh nonces."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._nonces: deque[tuple[float, str]] = deque(maxlen=MAX_KEPT)

    def put(self, nonce: str | None) -> None:
        """Keep what an answer carried, if it carried one."""
        if nonce:
            with self._lock:
                self._nonces.append((self._clock(), nonce))

    def take(self) -> str | None:
        """Return the newest nonce and forget it; None if there is no fresh one."""
        with self._lock:
            if not self._nonces:
                return None
            received, nonce = self._nonces.pop()
            if self._clock() - received <= MAX_AGE:
                return nonce
            self._nonces.clear()  # the others are older still
            return None
