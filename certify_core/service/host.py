"""Runs the service: data folder, configuration, store, plugins, engine and API, in this order, and stops them in turn.

The engine does not depend on the API: if the port cannot be had, certificates are renewed all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

from certify_core.contracts import PluginContext
from certify_core.engine.engine import Engine
from certify_core.errors import CertifyError, LocalFault, failure_of
from certify_core.plugins import Plugins
from certify_core.service.config import ServiceConfig, parse_config, read_settings
from certify_core.service.listen import bind, loopback_addresses
from certify_core.service.lock import DataFolderLock
from certify_core.service.logs import set_up_logs
from certify_core.service.servers import Server, write_servers
from certify_core.service.token import read_or_make_token
from certify_core.store import Store

STOP_TIMEOUT = 15.0
"""Seconds that running steps have to end; what has not ended is continued by the next start."""
BIND_RETRIES = (1.0, 2.0, 5.0, 10.0)
"""Seconds to wait after each failure to offer the API; the last one stays."""

_log = logging.getLogger(__name__)


class Host:
    """One running service on one data folder."""

    def __init__(
        self,
        data_dir: Path,
        *,
        overrides: dict[str, object] | None = None,
        listening: Callable[[Server], None] = lambda server: None,
        hindered: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """Read the configuration and open everything; nothing runs yet.

        `overrides` win over serviceconfig.json; `listening` is called whenever the API begins to answer, and
        `hindered` when it cannot and why.

        Raises:
            CertifyError: the data folder, its configuration or the database cannot be used.
        """
        self.data_dir = _usable(data_dir)
        self._lock = DataFolderLock(self.data_dir)
        self._lock.acquire()
        settings = {**read_settings(self.data_dir), **(overrides or {})}
        self.config: ServiceConfig = parse_config(settings)
        loopback_addresses(self.config.host)  # what could never be bound is refused now
        set_up_logs(self.data_dir / "logs", self.config.logLevel)
        context = PluginContext(self.data_dir, settings)
        self.plugins = Plugins.load(context)
        provider = self.plugins.stores.get(self.config.store, field="store")
        self.store = Store(provider.open(context), self.data_dir)
        self.store.rotation.finish()
        self.engine = Engine(self.store, self.plugins, self.data_dir / "logs")
        self.token = read_or_make_token(self.data_dir)
        self._listening = listening
        self._hindered = hindered
        self._obstacle = ""
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_serving: asyncio.Event | None = None

    def run(self) -> None:
        """Work until `stop` is called."""
        self.engine.start()
        _log.info("The engine runs; data folder %s", self.data_dir)
        try:
            for wait in chain(BIND_RETRIES, repeat(BIND_RETRIES[-1])):
                self._offer_api()
                if self._stop.wait(wait):
                    break
        finally:
            if not self.engine.stop(STOP_TIMEOUT):
                _log.warning("A running step did not end in time; the next start continues it")
            self.store.close()
            self._lock.release()
            _log.info("Stopped")

    def stop(self) -> None:
        """Make `run` return; may be called from any thread or a signal handler."""
        self._stop.set()
        loop, stop_serving = self._loop, self._stop_serving
        if loop is not None and stop_serving is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stop_serving.set)

    def _offer_api(self) -> None:
        """Answer requests until `stop` is called; return early if that cannot be done now."""
        try:
            sockets = bind(self.config.host, self.config.port)
            server = Server(self.config.host, sockets[0].getsockname()[1])
            with contextlib.ExitStack() as opened, asyncio.Runner(loop_factory=_loop_factory()) as runner:
                for listener in sockets:
                    opened.enter_context(listener)
                self._write_servers(server)
                runner.run(self._serve_api(sockets, server))
        except Exception as error:  # whatever it is: it must not end the engine
            self._tell_obstacle(error)

    def _tell_obstacle(self, error: Exception) -> None:
        """Tell once for each reason, and not at every attempt."""
        reason = f"{failure_of(error)} Certificates are renewed meanwhile; the API tries again by itself."
        if reason != self._obstacle:
            self._obstacle = reason
            _log.error(reason, exc_info=not isinstance(error, CertifyError))
            self._hindered(reason)

    def _write_servers(self, server: Server) -> None:
        try:
            write_servers(self.data_dir, server)
        except OSError as error:
            _log.error("Clients cannot be told where the API is: %s", error)

    async def _serve_api(self, sockets: list[socket.socket], server: Server) -> None:
        # The web framework is most of the start-up time: the engine is at work before it is imported.
        from certify_core.service.app import make_app
        from certify_core.service.web import serve

        self._loop, self._stop_serving = asyncio.get_running_loop(), asyncio.Event()
        if not self._stop.is_set():
            app = make_app(self.engine, self.token)
            await serve(app, sockets, self._stop_serving, lambda: self._listening(server))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory where it exists: it halves the cost of a request."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _usable(data_dir: Path) -> Path:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data_dir / ".write-check"
        probe.write_bytes(b"certify")
        probe.unlink()
    except OSError as error:
        raise LocalFault(
            f"The data folder {data_dir} cannot be written: {error.strerror or error}.",
            "Make room, mend its permissions, run the service as its owner, or choose another with --data-dir.",
        ) from error
    return data_dir.resolve()
