"""What a service works with, opened together and closed together: the store, the engine on it, and who tells people."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from certify_core.care import CaredStore, RecoveryReport
from certify_core.configuration.applying import Applied, Configuration
from certify_core.contracts import HealthCheck
from certify_core.engine.engine import Engine
from certify_core.engine.wanted import Wanted
from certify_core.health.assets import AssetsCheck
from certify_core.health.authorities import AuthoritiesCheck
from certify_core.health.caa import CaaCheck
from certify_core.health.certificates import CertificatesCheck
from certify_core.health.checkup import Report
from certify_core.health.database import DatabaseCheck
from certify_core.health.notifications import NotificationsCheck
from certify_core.health.reachability import ReachabilityCheck
from certify_core.notifications.channels import ChannelKeeper
from certify_core.notifications.delivery import Delivery
from certify_core.notifications.teller import Teller
from certify_core.plugins import Plugins
from certify_core.service.followed_folder import audit_applied
from certify_core.service.moved_settings import MovedSettings
from certify_core.service.upkeep import Act, Upkeep, tell
from certify_core.store import Store
from certify_core.transfer.csv_import import CsvImporter
from certify_core.transfer.gathering import Gathering
from certify_core.transfer.importing import Importer

if TYPE_CHECKING:
    from certify_core.configuration.watching import FolderWatch

TELLER_TIMEOUT = 2.0
"""Seconds that a message under way has to be taken; what was not is sent by the next start."""


class Works:
    """A store, its engine, and notifications."""

    def __init__(
        self,
        plugins: Plugins,
        store_name: str,
        data_dir: Path,
        report: Callable[[], Report | None],
        while_closed: Callable[[Act], None],
        recovery: RecoveryReport | None = None,
    ) -> None:
        """Open everything; nothing runs yet.

        `report` gives what was found when health was checked last; `while_closed` has something done to the store
        between two openings; `recovery` is what was just done to it.

        Raises:
            CertifyError: the store cannot be used.
        """
        provider = plugins.stores.get(store_name, field="store")
        care = provider.care(plugins.context) if isinstance(provider, CaredStore) else None
        recovery = recovery or (care.prepare() if care is not None else None)
        if recovery is not None:
            tell(recovery)
        self.upkeep = Upkeep(care, recovery, while_closed)
        database = provider.open(plugins.context)
        try:
            self.store = Store(database, data_dir, list(plugins.secret_keepers))
            self.store.rotation.finish()
            self.engine = Engine(self.store, plugins, data_dir / "logs")
        except BaseException:
            database.dispose()
            raise
        self._plugins = plugins
        self.configuration = Configuration(self.engine)
        self._folder_watch: FolderWatch | None = None
        machine = socket.gethostname()
        self.channels = ChannelKeeper(self.store, plugins, machine)
        settings = MovedSettings(data_dir)
        self.gathering = Gathering(self.store, plugins.moved_folders, settings, machine, time.time)
        self.importer = Importer(self.engine, self.channels, settings, time.time)
        self.csv_importer = CsvImporter(self.engine, time.time)
        self._teller = Teller(self.store, Delivery(self.store, self.channels, time.time), report, machine)
        self._teller.listen_to(self.engine.events)

    def start(self) -> None:
        """Look after every certificate and the store, and tell people."""
        self.engine.start()
        self._teller.start()
        self.upkeep.start(self.engine.pruning.run)
        if self._folder_watch is not None:
            self._folder_watch.start()

    def follow(self, folder: Path, *, prune: bool, told: Callable[[], None]) -> None:
        """Apply a folder of configuration files from the start on; `told` is called whenever that was tried."""
        from certify_core.configuration.watching import FolderWatch

        def tried(applied: Applied | None) -> None:
            if applied is not None:
                audit_applied(self.store.audit, folder, applied)
            told()

        self._folder_watch = FolderWatch(self.configuration, folder, prune=prune, told=tried)

    @property
    def checks(self) -> list[HealthCheck]:
        """The health checks that need them."""
        return [
            AuthoritiesCheck(self.store, self._plugins),
            CaaCheck(self.store, self._plugins),
            CertificatesCheck(self.store),
            DatabaseCheck(self.upkeep),
            AssetsCheck(self.store),
            NotificationsCheck(self.store),
            ReachabilityCheck(self.store, Wanted(self._plugins, self.store.vault, self.store.credentials).provider),
            *self._folder_checks(),
        ]

    def _folder_checks(self) -> list[HealthCheck]:
        if self._folder_watch is None:
            return []
        from certify_core.configuration.health import ConfigFolderCheck

        return [ConfigFolderCheck(self._folder_watch)]

    def close(self, timeout: float) -> bool:
        """Stop and close; return whether all that runs ended in `timeout` seconds."""
        if self._folder_watch is not None:
            self._folder_watch.stop()
        ended = self.engine.stop(timeout)
        self._teller.stop(TELLER_TIMEOUT)
        self.upkeep.close()
        self.store.close()
        return ended
