"""The listeners of this process, one for each port: orders share them, and so does who looks whether a port is free."""

from __future__ import annotations

import threading

from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import Opener, default_opener


class Listeners:
    """Makes a port's listener when it is first asked for."""

    def __init__(self, opener: Opener | None = None) -> None:
        self._opener = opener or default_opener()
        self._lock = threading.Lock()
        self._by_port: dict[int, Listener] = {}

    def on(self, port: int) -> Listener:
        """Return the listener of a port."""
        with self._lock:
            return self._by_port.setdefault(port, Listener(port, self._opener))
