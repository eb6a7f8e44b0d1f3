"""What a service works with, opened together and closed together: the store and the engine on it."""

from __future__ import annotations

from pathlib import Path

from certify_core.contracts import HealthCheck
from certify_core.engine.engine import Engine
from certify_core.health.assets import AssetsCheck
from certify_core.health.authorities import AuthoritiesCheck
from certify_core.health.caa import CaaCheck
from certify_core.health.certificates import CertificatesCheck
from certify_core.plugins import Plugins
from certify_core.store import Store


class Works:
    """A store and its engine."""

    def __init__(self, plugins: Plugins, store_name: str, data_dir: Path) -> None:
        """Open everything; nothing runs yet.

        Raises:
            CertifyError: the store cannot be used.
        """
        provider = plugins.stores.get(store_name, field="store")
        database = provider.open(plugins.context)
        try:
            self.store = Store(database, data_dir, list(plugins.secret_keepers))
            self.store.rotation.finish()
            self.engine = Engine(self.store, plugins, data_dir / "logs")
        except BaseException:
            database.dispose()
            raise
        self._plugins = plugins

    @property
    def checks(self) -> list[HealthCheck]:
        """The health checks that need them."""
        return [
            AuthoritiesCheck(self.store, self._plugins),
            CaaCheck(self.store, self._plugins),
            CertificatesCheck(self.store),
            AssetsCheck(self.store),
        ]

    def close(self, timeout: float) -> bool:
        """Stop and close; return whether all that runs ended in `timeout` seconds."""
        ended = self.engine.stop(timeout)
        self.store.close()
        return ended
