"""Runs the service: data folder, configuration, store, plugins, engine and API, in this order, and stops them in turn.

The engine does not depend on the API: if the port cannot be had, certificates are renewed all the same.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from certify_core.contracts import PluginContext
from certify_core.engine.engine import Engine
from certify_core.errors import CertifyError, LocalFault
from certify_core.plugins import Plugins
from certify_core.service.config import ServiceConfig, parse_config, read_settings
from certify_core.service.listen import bind
from certify_core.service.lock import DataFolderLock
from certify_core.service.logs import set_up_logs
from certify_core.service.servers import Server, write_servers
from certify_core.service.token import read_or_make_token
from certify_core.store import Store

STOP_TIMEOUT = 15.0
"""Seconds that running steps have to end; what has not ended is continued by the next start."""
BIND_RETRY = 10.0
"""Seconds between attempts to get a port that was taken."""

_log = logging.getLogger(__name__)


class Host:
    """One running service on one data folder."""

    def __init__(
        self,
        data_dir: Path,
        *,
        overrides: dict[str, object] | None = None,
        listening: Callable[[Server], None] = lambda server: None,
    ) -> None:
        """Read the configuration and open everything; nothing runs yet.

        `overrides` win over serviceconfig.json; `listening` is called whenever the API begins to answer.

        Raises:
            CertifyError: the data folder, its configuration or the database cannot be used.
        """
        self.data_dir = _usable(data_dir)
        self._lock = DataFolderLock(self.data_dir)
        self._lock.acquire()
        settings = {**read_settings(self.data_dir), **(overrides or {})}
        self.config: ServiceConfig = parse_config(settings)
        set_up_logs(self.data_dir / "logs", self.config.logLevel)
        context = PluginContext(self.data_dir, settings)
        self.plugins = Plugins.load(context)
        provider = self.plugins.stores.get(self.config.store, field="store")
        self.store = Store(provider.open(context), self.data_dir)
        self.engine = Engine(self.store, self.plugins, self.data_dir / "logs")
        self.token = read_or_make_token(self.data_dir)
        self._listening = listening
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_serving: asyncio.Event | None = None

    def run(self) -> None:
        """Work until `stop` is called."""
        self.engine.start()
        _log.info("The engine runs; data folder %s", self.data_dir)
        try:
            while not self._stop.is_set():
                sockets = self._sockets()
                if sockets is None:
                    self._stop.wait(BIND_RETRY)
                else:
                    self._serve(sockets)
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

    def _sockets(self) -> list[socket.socket] | None:
        try:
            return bind(self.config.host, self.config.port)
        except CertifyError as error:
            _log.error("%s Certificates are renewed meanwhile; the API tries again in %s s.", error, BIND_RETRY)
            return None

    def _serve(self, sockets: list[socket.socket]) -> None:
        server = Server(self.config.host, sockets[0].getsockname()[1])
        write_servers(self.data_dir, server)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve_api(sockets, server))

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
