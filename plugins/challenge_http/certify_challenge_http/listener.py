"""One port that answers for every token presented on it, open only while there is one.

The port is opened in the thread that presents the first token, so that its order learns why it cannot be; threads of
the listener's own then serve them all, whatever clients do.
"""

from __future__ import annotations

import threading

from certify_challenge_http.openers import Opener, Serving


class Listener:
    """Answers on one port, which `opener` opens."""

    def __init__(self, port: int, opener: Opener) -> None:
        self._port = port
        self._opener = opener
        self._answers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._serving: Serving | None = None

    def publish(self, token: str, key_authorization: str) -> None:
        """Answer for a token from now on.

        Raises:
            LocalFault: the port cannot be had.
        """
        with self._lock:
            if self._serving is None:
                self._serving = self._opener.open(self._port, self._answers.get)
            self._answers[token] = key_authorization

    def withdraw(self, token: str) -> None:
        """Answer for a token no longer; after the last one the port is closed."""
        with self._lock:
            self._answers.pop(token, None)
            if not self._answers and self._serving is not None:
                self._serving.close()
                self._serving = None

    def publishes(self, token: str) -> bool:
        """Whether a token is answered for."""
        return token in self._answers

    def look(self) -> None:
        """Return if the port is open or could be; orders that want it meanwhile wait for this look to end.

        Raises:
            LocalFault: the port cannot be had.
        """
        with self._lock:
            if self._serving is None:
                self._opener.look(self._port)
