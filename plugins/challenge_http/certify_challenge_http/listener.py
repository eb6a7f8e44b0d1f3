"""One port that answers for every token presented on it, open only while there is one.

The sockets are opened in the thread that presents the first token, so that its order learns why they cannot be;
a thread of the listener's own then serves them all, whatever clients do.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack

from certify_challenge_http.ports import listening_sockets, port_fault
from certify_challenge_http.server import BACKLOG, MAX_CONNECTIONS, PATIENCE, Server


class Listener:
    """Answers on one port; `patience` (seconds) and `max_connections` are the server's."""

    def __init__(self, port: int, *, patience: float = PATIENCE, max_connections: int = MAX_CONNECTIONS) -> None:
        self._port = port
        self._patience = patience
        self._max_connections = max_connections
        self._answers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server: Server | None = None

    def publish(self, token: str, key_authorization: str) -> None:
        """Answer for a token from now on.

        Raises:
            LocalFault: the port cannot be had.
        """
        with self._lock:
            if self._server is None:
                self._server = self._open()
            self._answers[token] = key_authorization

    def withdraw(self, token: str) -> None:
        """Answer for a token no longer; after the last one the port is closed."""
        with self._lock:
            self._answers.pop(token, None)
            if not self._answers and self._server is not None:
                self._server.close()
                self._server = None

    def _open(self) -> Server:
        sockets = listening_sockets(self._port, BACKLOG)
        with ExitStack() as unless_served:
            for opened in sockets:
                unless_served.enter_context(opened)
            try:
                server = Server(sockets, self._answers.get, self._patience, self._max_connections)
            except OSError as error:
                raise port_fault(self._port, error) from error
            unless_served.pop_all()
        return server
