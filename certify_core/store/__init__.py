"""The store: everything that survives a restart, behind one object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from certify_core.contracts import SecretKeeper
from certify_core.store.accounts import Account, Accounts
from certify_core.store.assets import Assets
from certify_core.store.audit import AuditTrail
from certify_core.store.authorities import Authorities
from certify_core.store.certificates import Certificates, Page
from certify_core.store.channels import Channels
from certify_core.store.configured import ConfiguredThings
from certify_core.store.credentials import Credentials
from certify_core.store.database import Database
from certify_core.store.deployments import Deployments
from certify_core.store.imports import Imports
from certify_core.store.inspection import Inspection
from certify_core.store.ledger import Ledger
from certify_core.store.orders import Orders
from certify_core.store.outbox import Outbox
from certify_core.store.renewal_windows import RenewalWindows
from certify_core.store.revocations import Revocations
from certify_core.store.rotation import Rotation
from certify_core.store.schedule import Schedule
from certify_core.store.schema import migrate
from certify_core.store.secrets import Vault
from certify_core.store.tokens import Tokens

__all__ = ["Account", "Page", "Store"]


class Store:
    """All queries over one database, with the assets beside it."""

    def __init__(self, engine: Engine, data_dir: Path, keepers: Sequence[SecretKeeper] = ()) -> None:
        migrate(engine)
        self.vault = Vault.open(data_dir, keepers)
        self._database = Database(engine, data_dir)
        self.certificates = Certificates(self._database)
        self.deployments = Deployments(self._database)
        self.schedule = Schedule(self._database)
        self.windows = RenewalWindows(self._database)
        self.orders = Orders(self._database, self.vault)
        self.ledger = Ledger(self._database)
        self.credentials = Credentials(self._database)
        self.authorities = Authorities(self._database)
        self.configured = ConfiguredThings(self._database, self.vault)
        self.accounts = Accounts(self._database, self.vault)
        self.revocations = Revocations(self._database, self.vault)
        self.imports = Imports(self._database, self.accounts, self.revocations)
        self.audit = AuditTrail(self._database)
        self.tokens = Tokens(self._database)
        self.channels = Channels(self._database)
        self.outbox = Outbox(self._database)
        self.inspection = Inspection(self._database)
        self.assets = Assets(data_dir / "assets", self.vault)
        self.rotation = Rotation(self._database, self.assets, self.vault)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
