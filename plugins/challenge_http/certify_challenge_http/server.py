"""A thread with an event loop that answers on listening sockets, and lets no client hold it up.

What a client can cost is bounded: `MAX_REQUEST` bytes of memory and `patience` seconds, for `max_connections` clients.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from concurrent.futures import Future
from typing import cast

from certify_challenge_http.message import Find, answer_to

PATIENCE = 5.0
"""Seconds that a client has from connecting to having read our answer."""
MAX_CONNECTIONS = 250
"""With more than this the oldest one is dropped for the newest."""
BACKLOG = 128
"""How many are accepted in one round at each of two sockets, before the oldest are dropped: with `MAX_CONNECTIONS` no
more than the 512 that `select` takes on Windows."""


class Server:
    """Serves from when it is made until `close`; the sockets are then closed, too.

    Raises:
        OSError: the system has not enough left for it; the sockets are still the caller's.
    """

    def __init__(self, sockets: list[socket.socket], find: Find, patience: float, max_connections: int) -> None:
        self._sockets = sockets
        self._find = find
        self._patience = patience
        self._max_connections = max_connections
        self._connections: dict[_Connection, None] = {}
        self._loop = _new_loop()
        self._started: Future[None] = Future()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="http-01", daemon=True)
        self._start()
        self._started.result()

    def close(self) -> None:
        """Close the port and every connection."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def admit(self, connection: _Connection) -> None:
        """Count a connection in; the oldest one goes if there are too many."""
        if len(self._connections) >= self._max_connections:
            next(iter(self._connections)).drop()
        self._connections[connection] = None

    def forget(self, connection: _Connection) -> None:
        """Count a connection out."""
        self._connections.pop(connection, None)

    def _start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError as error:
            self._loop.close()
            # What the system said, before Python made another type of it.
            raise OSError(errno.EAGAIN, str(error)) from error

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        try:
            servers = [
                await self._loop.create_server(self._connection, sock=listening, backlog=BACKLOG)
                for listening in self._sockets
            ]
        except Exception as error:
            # Whatever it is: who opens the port waits for this answer, and every order behind it.
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._closing.wait()
        await self._finish_accepting()
        for server in servers:
            server.close()
        for connection in list(self._connections):
            connection.drop()

    async def _finish_accepting(self) -> None:
        """Let Python's own loop make connections of the clients it is accepting: half-made ones could not be closed."""
        end = self._loop.time() + 1
        while (accepting := asyncio.all_tasks() - {asyncio.current_task()}) and self._loop.time() < end:
            await asyncio.wait(accepting, timeout=1)

    def _connection(self) -> _Connection:
        return _Connection(self, self._find, self._loop.time() + self._patience)


class _Connection(asyncio.Protocol):
    """One client: it is answered once, or dropped when it takes too long."""

    def __init__(self, server: Server, find: Find, deadline: float) -> None:
        self._server = server
        self._find = find
        self._deadline = deadline
        self._received = b""
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.admit(self)
        self._timer = asyncio.get_running_loop().call_at(self._deadline, self.drop)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._received += data
        answer = answer_to(self._received, self._find)
        if answer is None:
            return
        self._answered = True
        self._received = b""
        self._transport.write(answer)
        # The client closes: with something of it unread, as a POST's body, our closing would be a reset, which can
        # take the answer from it before it is read (RFC 9112 section 9.6).
        self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._server.forget(self)

    def drop(self) -> None:
        """End the connection at once."""
        self._server.forget(self)
        self._transport.abort()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        # Not there on every system; this one does the same more slowly. Windows' own default, the proactor, would stop
        # listening when a client resets its connection before it is accepted.
        return asyncio.SelectorEventLoop()
    return uvloop.new_event_loop()
