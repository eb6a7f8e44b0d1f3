"""The API where clients find it: on its port or on the next free one, written to both files, until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from certify_core.service.checks import ServiceState
from certify_core.service.moving import keep_port
from certify_core.service.ports import open_port
from certify_core.service.servers import Server, write_servers

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_log = logging.getLogger(__name__)


class ApiOffer:
    """Offers one API after another, of a service that works or of one that cannot."""

    def __init__(self, data_dir: Path, state: ServiceState, instance: str, listening: Callable[[Server], None]) -> None:
        """`listening` is called whenever the API begins to answer."""
        self._data_dir = data_dir
        self._state = state
        self._instance = instance
        self._listening = listening
        self._given_port = 0
        """What the system gave us where any port will do: it stays the same until the end."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interrupted: asyncio.Event | None = None

    def serve(self, make_app: Callable[[], ASGIApp], *, unless: Callable[[], bool]) -> None:
        """Answer requests until `interrupt` is called; not at all if by then `unless` is so.

        Raises:
            CertifyError: the port cannot be had; says who has it.
        """
        configuration = self._state.configuration
        host = configuration.config.host
        wanted = configuration.config.port or self._given_port
        sockets, moved = open_port(host, wanted, may_move=configuration.may_move)
        try:
            with contextlib.ExitStack() as opened, asyncio.Runner(loop_factory=_loop_factory()) as runner:
                for listener in sockets:
                    opened.enter_context(listener)
                server = Server(host, sockets[0].getsockname()[1], self._instance)
                self._given_port = server.port
                self._write_servers(server)
                if moved:
                    _log.warning("%s The API has moved to port %d", moved, server.port)
                    self._state.moved = moved
                    self._state.configuration = keep_port(self._data_dir, configuration, server.port)
                self._state.addresses = [listener.getsockname()[0] for listener in sockets]
                runner.run(self._serve(make_app, sockets, server, unless))
        finally:
            self._state.server = None

    def interrupt(self) -> None:
        """Make `serve` return; may be called from any thread or a signal handler."""
        loop, interrupted = self._loop, self._interrupted
        if loop is not None and interrupted is not None and not loop.is_closed():
            loop.call_soon_threadsafe(interrupted.set)

    async def _serve(
        self,
        make_app: Callable[[], ASGIApp],
        sockets: list[socket.socket],
        server: Server,
        unless: Callable[[], bool],
    ) -> None:
        # The web framework is most of the start-up time: the engine is at work before it is imported.
        from certify_core.service.web import serve

        self._loop, self._interrupted = asyncio.get_running_loop(), asyncio.Event()
        if unless():
            return

        def listening() -> None:
            self._state.server = server
            self._listening(server)

        await serve(make_app(), sockets, self._interrupted, listening)

    def _write_servers(self, server: Server) -> None:
        try:
            write_servers(self._data_dir, server)
        except OSError as error:
            _log.error("Clients cannot be told where the API is: %s", error)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's factory where it exists: it halves the cost of a request."""
    try:
        import uvloop
    except ImportError:
        # Not the default of every system: the proactor stops listening when a client is gone before it is accepted.
        return asyncio.SelectorEventLoop
    return uvloop.new_event_loop
