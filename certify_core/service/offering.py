"""The API where clients find it: on its port or on the next free one, written to both files, until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from certify_core.errors import LocalFault
from certify_core.service.checks import ServiceState
from certify_core.service.moving import keep_port
from certify_core.service.names import names_of
from certify_core.service.own_certificate import OwnCertificate
from certify_core.service.ports import open_port
from certify_core.service.servers import FILE, Server, server_at, write_servers

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOK_AFTER = 5.0
"""Seconds after which is looked whether clients can still find the API."""
HOUR = 3600.0

_log = logging.getLogger(__name__)


class ApiOffer:
    """Offers one API after another, of a service that works or of one that cannot."""

    def __init__(
        self,
        data_dir: Path,
        state: ServiceState,
        instance: str,
        listening: Callable[[Server], None],
        *,
        look_at_certificate: float = HOUR,
    ) -> None:
        """`listening` is called whenever the API begins to answer; `look_at_certificate` is in seconds."""
        self._look_at_certificate = look_at_certificate
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
        host, https = configuration.config.host, configuration.config.useHTTPS
        certificate = self._certificate(host) if https else None
        wanted = configuration.config.port or self._given_port
        sockets, moved = open_port(host, wanted, may_move=configuration.may_move)
        try:
            with contextlib.ExitStack() as opened, asyncio.Runner(loop_factory=_loop_factory()) as runner:
                for listener in sockets:
                    opened.enter_context(listener)
                port = sockets[0].getsockname()[1]
                server = server_at(self._data_dir, host, port, instance=self._instance, https=https)
                self._given_port = server.port
                self._write_servers(server)
                if moved:
                    _log.warning("%s The API has moved to port %d", moved, server.port)
                    self._state.moved = moved
                    self._state.configuration = keep_port(self._data_dir, configuration, server.port)
                self._state.addresses = [listener.getsockname()[0] for listener in sockets]
                runner.run(self._serve(make_app, sockets, server, certificate, unless))
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
        certificate: OwnCertificate | None,
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

        tls = _context(certificate) if certificate is not None else None
        keeping = [asyncio.create_task(self._keep_file(server))]
        if certificate is not None and tls is not None:
            keeping.append(asyncio.create_task(self._keep_certificate(certificate, tls)))
        try:
            await serve(make_app(), sockets, self._interrupted, listening, tls)
        finally:
            for task in keeping:
                task.cancel()

    async def _keep_file(self, server: Server) -> None:
        """See that clients go on to find the API: a file that was deleted comes back."""
        while True:
            await asyncio.sleep(LOOK_AFTER)
            if not (self._data_dir / FILE).exists():
                self._write_servers(server)

    async def _keep_certificate(self, certificate: OwnCertificate, tls: ssl.SSLContext) -> None:
        """Renew the certificate in time; who connects from then on is shown the new one."""
        while True:
            await asyncio.sleep(self._look_at_certificate)
            try:
                if await asyncio.to_thread(certificate.ensure):
                    tls.load_cert_chain(certificate.file)
                    _log.info("The API has a new certificate; it ends on %s", certificate.ends)
                self._state.certificate_failure = None
            except (LocalFault, OSError) as error:
                self._not_kept(error)

    def _certificate(self, host: str) -> OwnCertificate:
        called = server_at(self._data_dir, host, port=0).host
        certificate = OwnCertificate(self._data_dir, names_of(host), host=called)
        try:
            certificate.ensure()
            self._state.certificate_failure = None
        except LocalFault as error:
            if not certificate.is_valid:
                raise
            self._not_kept(error)
        return certificate

    def _not_kept(self, error: LocalFault | OSError) -> None:
        self._state.certificate_failure = LocalFault(str(error), "See logs/service.exceptions.log.")
        _log.error("The API's certificate cannot be kept: %s", error)

    def _write_servers(self, server: Server) -> None:
        try:
            write_servers(self._data_dir, server)
        except OSError as error:
            _log.error("Clients cannot be told where the API is: %s", error)


def _context(certificate: OwnCertificate) -> ssl.SSLContext:
    """Return what TLS is spoken with: Python's default for servers, that is TLS 1.2 and newer."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.file)
    return context


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's factory where it exists: it halves the cost of a request."""
    try:
        import uvloop
    except ImportError:
        # Not the default of every system: the proactor stops listening when a client is gone before it is accepted.
        return asyncio.SelectorEventLoop
    return uvloop.new_event_loop
