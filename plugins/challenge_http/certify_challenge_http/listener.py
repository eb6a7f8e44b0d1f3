"""One port that answers for every token presented on it, open only while there is one.

The sockets are opened in the thread that presents the first token, so that its order learns why they cannot be;
a thread of the listener's own then serves them all, whatever clients do.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import cast

from certify_challenge_http.message import answer_to
from certify_challenge_http.ports import listening_sockets

PATIENCE = 5.0
"""Seconds that a client has from connecting to the end of its request and our answer."""
MAX_CONNECTIONS = 1000
"""With more than this the oldest one is dropped for the newest."""
BACKLOG = 1024


class Listener:
    """Answers on one port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._answers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def publish(self, token: str, key_authorization: str) -> None:
        """Answer for a token from now on.

        Raises:
            LocalFault: the port cannot be had.
        """
        with self._lock:
            if self._server is None:
                self._server = _Server(listening_sockets(self._port, BACKLOG), self._answers.get)
            self._answers[token] = key_authorization

    def withdraw(self, token: str) -> None:
        """Answer for a token no longer; after the last one the port is closed."""
        with self._lock:
            self._answers.pop(token, None)
            if not self._answers and self._server is not None:
                self._server.close()
                self._server = None


class _Server:
    """A thread with an event loop that serves listening sockets."""

    def __init__(self, sockets: list[socket.socket], find: Callable[[str], str | None]) -> None:
        self._sockets = sockets
        self._find = find
        self._connections: dict[_Connection, None] = {}
        self._loop = _new_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http-01", daemon=True)
        self._thread.start()
        self._listening.wait()

    def close(self) -> None:
        """Close the port and every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        loop = self._loop
        servers = [
            loop.run_until_complete(loop.create_server(self._connection, sock=listening, backlog=BACKLOG))
            for listening in self._sockets
        ]
        self._listening.set()
        loop.run_forever()
        for server in servers:
            server.close()
        for connection in list(self._connections):
            connection.drop()
        # One more turn, in which the sockets are really closed.
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def _connection(self) -> _Connection:
        if len(self._connections) >= MAX_CONNECTIONS:
            next(iter(self._connections)).drop()
        return _Connection(self._loop, self._find, self._connections)


class _Connection(asyncio.Protocol):
    """One client: it is answered once, or dropped when it takes too long."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        find: Callable[[str], str | None],
        connections: dict[_Connection, None],
    ) -> None:
        self._loop = loop
        self._find = find
        self._connections = connections
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections[self] = None
        self._deadline = self._loop.call_later(PATIENCE, self.drop)

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = answer_to(self._received, self._find)
        if answer is not None:
            self._transport.write(answer)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._connections.pop(self, None)

    def drop(self) -> None:
        """End the connection without an answer."""
        self._connections.pop(self, None)
        self._transport.abort()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        # Not there on every system; the standard loop does the same more slowly.
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
