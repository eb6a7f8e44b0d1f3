"""Runs the service: data folder, configuration, logs, store, plugins, engine and API, and stops them in turn.

The engine does not depend on the API: if the port cannot be had, certificates are renewed all the same. Nor does the
API depend on the engine: if the store cannot be opened, the API says why, and it is tried again until it can.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from certify_core.care import RecoveryReport
from certify_core.contracts import PluginContext
from certify_core.errors import CertifyError, LocalFault, failure_of
from certify_core.health.checkup import Checkup
from certify_core.health.disk import DiskCheck
from certify_core.health.installation import InstallationCheck
from certify_core.health.permissions import PermissionsCheck
from certify_core.health.plugin_records import PluginsCheck
from certify_core.health.watch import HealthWatch
from certify_core.plugins import Plugins
from certify_core.service.audit_journal import AuditJournal
from certify_core.service.checks import ApiCheck, ConfigurationCheck, ServiceState, StartCheck
from certify_core.service.config import read_configuration
from certify_core.service.data_folder import close_to_others, unwritable, usable
from certify_core.service.listen import is_loopback
from certify_core.service.lock import locked
from certify_core.service.logs import add_system_logs, set_up_logs
from certify_core.service.names import names_of
from certify_core.service.offering import ApiOffer
from certify_core.service.servers import Server, instance_for
from certify_core.service.settings import ServiceConfig
from certify_core.service.token import read_or_make_token
from certify_core.service.upkeep import Act
from certify_core.service.works import Works

if TYPE_CHECKING:
    from starlette.types import ASGIApp

STOP_TIMEOUT = 15.0
"""Seconds that running steps have to end; what has not ended is continued by the next start."""
BIND_RETRIES = (1.0, 2.0, 5.0, 10.0)
"""Seconds to wait after each failure to offer the API; the last one stays."""
OPEN_RETRY = 5.0
"""Seconds before a store that could not be opened is tried again."""

_log = logging.getLogger(__name__)


class Host:
    """One running service on one data folder."""

    def __init__(
        self,
        data_dir: Path,
        *,
        overrides: dict[str, JsonValue] | None = None,
        listening: Callable[[Server], None] = lambda server: None,
        hindered: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """Read the configuration and open all that can be opened; nothing runs yet.

        `overrides` win over serviceconfig.json; `listening` is called whenever the API begins to answer, and
        `hindered` when it cannot, or when nothing else can be done, and why.

        Raises:
            CertifyError: the data folder cannot be used, or another service uses it.
        """
        is_new = not data_dir.exists()
        self.data_dir = usable(data_dir)
        self._named_data_dir = data_dir.absolute()
        self._overrides = overrides
        self.state = ServiceState(read_configuration(self.data_dir, overrides))
        logs_fault = set_up_logs(self.data_dir / "logs", self.config)
        self._lock = locked(self.data_dir)
        self._listening = listening
        self._hindered = hindered
        self._told: set[str] = set()
        self._stop = threading.Event()
        self._engine_came = threading.Event()
        self._opening: threading.Thread | None = None
        self._wanted: Act | None = None
        """What is to be done to the store while it is closed."""
        self.instance = instance_for(self.data_dir)
        self._api = ApiOffer(self.data_dir, self.state, self.instance, self._is_offered)
        self.plugins = self._load_plugins()
        if is_new:
            close_to_others(self.data_dir, self.plugins.folder_keepers)
        self.token = self._read_token()
        self.works: Works | None = None
        self.watch = HealthWatch(self._checkup(), self.config.heartbeatUrl, glance=self._glance)
        self._open(logs_fault)

    @property
    def config(self) -> ServiceConfig:
        """The service's own settings."""
        return self.state.configuration.config

    def run(self) -> None:
        """Work until `stop` is called."""
        self._start_engine()
        self._keep_opening()
        try:
            for wait in chain(BIND_RETRIES, repeat(BIND_RETRIES[-1])):
                self._offer_api()
                if self._wanted is not None:
                    self._act_while_closed(self._wanted)
                if self._stop.wait(0.0 if self._engine_came.is_set() else wait):
                    break
                self._engine_came.clear()
        finally:
            if self._opening is not None:
                self._opening.join(STOP_TIMEOUT)
            self.watch.stop()
            if self.works is not None and not self.works.close(STOP_TIMEOUT):
                _log.warning("A running step did not end in time; the next start continues it")
            self._lock.release()
            _log.info("Stopped")

    def stop(self) -> None:
        """Make `run` return; may be called from any thread or a signal handler."""
        self._stop.set()
        self._api.interrupt()

    def while_closed(self, act: Act) -> None:
        """Close the store, have something done to it, and open it again; returns at once, from any thread."""
        self._wanted = act
        self._api.interrupt()

    # -- store and engine ----------------------------------------------------------------------------------------

    def _open(self, earlier_fault: CertifyError | None = None, recovery: RecoveryReport | None = None) -> None:
        """Open store and engine, or note why that cannot be done; `recovery` is what was just done to the store."""
        fault = unwritable(self.data_dir) or earlier_fault or self.state.configuration.danger
        if fault is not None:
            self._tell_start_failure(fault)
            return
        try:
            self._lock.acquire()  # that could not be done before if nothing could be written
            self.works = Works(
                self.plugins,
                self.config.store,
                self.data_dir,
                lambda: self.watch.report,
                self.while_closed,
                recovery,
            )
        except Exception as error:
            self._tell_start_failure(error)
        else:
            self.state.start_failure = None
            if self.config.configFolder:
                folder = self._named_data_dir / self.config.configFolder
                self.works.follow(folder, prune=self.config.configFolderPrune, told=self._check_again)

    def _check_again(self) -> None:
        self.watch.look_after(self.watch.checkup)

    def _start_engine(self) -> None:
        if self.works is None:
            return
        try:
            self.works.start()
        except Exception as error:
            self.works.close(0.0)
            self.works = None
            self._tell_start_failure(error)
            return
        self.watch.look_after(self._checkup())
        _log.info("The engine runs; data folder %s", self.data_dir)

    def _act_while_closed(self, act: Act) -> None:
        self._wanted, works, recovery = None, self.works, None
        if works is not None:
            works.close(STOP_TIMEOUT)
            self.works = None
            try:
                recovery = act(works.upkeep.care)
            except CertifyError as error:
                _log.error("The store is as it was: %s", error)
        self._open(recovery=recovery)
        self._start_engine()
        self._keep_opening()
        self._engine_came.set()

    def _keep_opening(self) -> None:
        """Try to open what cannot be opened now, until it can."""
        if self.works is None:
            self._opening = threading.Thread(target=self._try_to_open, name="open", daemon=True)
            self._opening.start()

    def _try_to_open(self) -> None:
        """Try again until there is an engine, then have the API offered anew."""
        earlier = self._start_failure()
        while self.works is None:
            if self._stop.wait(OPEN_RETRY):
                return
            configuration = read_configuration(self.data_dir, self._overrides)
            changed = configuration.settings != self.state.configuration.settings
            self.state.configuration = configuration
            if changed:
                self.plugins = self._load_plugins()
            if self.state.token_failure is not None:
                self.token = self._read_token()
            self._open(set_up_logs(self.data_dir / "logs", self.config))
            self._start_engine()
        # What was told then may be in no log: that could not be written either, perhaps.
        _log.warning("The service does its work now. What kept it from that before: %s", earlier.cause)
        self._told.clear()
        self._engine_came.set()
        self._api.interrupt()

    def _load_plugins(self) -> Plugins:
        plugins = Plugins.load(PluginContext(self.data_dir, self.state.configuration.settings))
        add_system_logs(plugins.log_handlers)
        return plugins

    def _checkup(self) -> Checkup:
        return Checkup(
            [
                StartCheck(self.state),
                ConfigurationCheck(self.data_dir, lambda: self.state.server),
                ApiCheck(self.state),
                PermissionsCheck(self.data_dir),
                DiskCheck(self.data_dir),
                PluginsCheck(self.plugins),
                *(self.works.checks if self.works else ()),
                *self.plugins.health_checks,
                InstallationCheck(self.data_dir),
            ]
        )

    def _glance(self) -> str:
        """Return whether the data folder can be written, and if not why: that may change at any time."""
        return str(unwritable(self.data_dir) or "")

    def _tell_start_failure(self, error: Exception) -> None:
        failure = failure_of(error)
        self.state.start_failure = LocalFault(failure.cause, failure.remedy)
        self._tell(f"{failure} No certificate is renewed meanwhile; the service tries again by itself.", error)

    # -- the API -------------------------------------------------------------------------------------------------

    def _offer_api(self) -> None:
        """Answer requests until `stop` is called or the engine comes; return early if that cannot be done now."""
        try:
            self._api.serve(self._app, unless=self._is_interrupted)
        except Exception as error:  # whatever it is: it must not end the engine
            self.state.obstacle = failure_of(error).cause
            self._tell(f"{failure_of(error)} Certificates are renewed meanwhile; the API tries again by itself.", error)
            self.watch.start()

    def _is_interrupted(self) -> bool:
        return self._stop.is_set() or self._engine_came.is_set() or self._wanted is not None

    def _app(self) -> ASGIApp:
        """Return the API of a service that works, or the one that says why it does not."""
        from certify_core.service.app import make_app
        from certify_core.service.degraded import make_degraded_app

        journal = AuditJournal(self.data_dir)
        names = () if is_loopback(self.config.host) else names_of(self.config.host)
        if self.works is None:
            return make_degraded_app(
                self.watch, self.instance, self.token, self.data_dir, self._start_failure, journal, names
            )
        journal.pour_into(self.works.store.audit)
        return make_app(self.works, self.token, self.watch, self.instance, self.data_dir, self.while_closed, names)

    def _is_offered(self, server: Server) -> None:
        self.watch.start()
        self._listening(server)

    def _start_failure(self) -> LocalFault:
        return self.state.start_failure or LocalFault("The service is about to work again.", "Ask again.")

    def _tell(self, reason: str, error: Exception) -> None:
        """Tell once for each reason, and not at every attempt."""
        if reason not in self._told:
            self._told.add(reason)
            _log.error(reason, exc_info=not isinstance(error, CertifyError))
            self._hindered(reason)

    def _read_token(self) -> str:
        try:
            token = read_or_make_token(self.data_dir)
        except LocalFault as error:
            # One that nobody has: the API then says no more than that it is there.
            self.state.token_failure = error
            self._tell(str(error), error)
            return secrets.token_urlsafe(32)
        self.state.token_failure = None
        return token
