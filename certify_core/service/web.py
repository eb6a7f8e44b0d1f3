"""uvicorn, run inside our own event loop: it takes our sockets, and leaves the signals alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE = 2
"""Seconds that open requests have to end."""


class _Server(uvicorn.Server):
    """Tells when it listens; signals are the service's business."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: ASGIApp,
    sockets: list[socket.socket],
    stop: asyncio.Event,
    listening: Callable[[], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve the app on these sockets until `stop` is set, by HTTPS with `tls`.

    `listening` is called when requests are answered.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
    )
    server = _Server(config, listening)
    serving = asyncio.create_task(server.serve(sockets=sockets))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
