"""Queries over what configuration files have made: written in the transaction of the change itself.

The key of the digests by which a secret's change is noticed is sealed: without it, who reads the database could try
passwords.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select

from certify_core.domain.configured import Configured
from certify_core.store.configuration_tables import CONFIGURED
from certify_core.store.database import Also, Database
from certify_core.store.secrets import Vault

G = CONFIGURED.c


class ConfiguredThings:
    """What was made by which file."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def all(self) -> list[Configured]:
        """Return everything, by kind and name."""
        with self._database.read() as connection:
            return [self._configured(row) for row in connection.execute(select(CONFIGURED).order_by(G.id)).mappings()]

    def noting(self, configured: Configured) -> Also:
        """Return what notes it within the transaction of the change."""
        row = self._row(configured)

        def note(connection: Connection) -> None:
            connection.execute(delete(CONFIGURED).where(G.id == row["id"]))
            connection.execute(insert(CONFIGURED), row)

        return note

    def forgetting(self, configured: Configured) -> Also:
        """Return what forgets it within the transaction of the change."""

        def forget(connection: Connection) -> None:
            connection.execute(delete(CONFIGURED).where(G.id == configured.id))

        return forget

    def write(self, changes: Iterable[Also]) -> None:
        """Note and forget where nothing else is changed."""
        with self._database.write() as connection:
            for change in changes:
                change(connection)

    def _row(self, configured: Configured) -> dict[str, Any]:
        return {
            "id": configured.id,
            "kind": configured.kind,
            "name": configured.name,
            "object_id": configured.object_id,
            "source": configured.source,
            "file": configured.file,
            "base": orjson.dumps(configured.base).decode(),
            "sealed_key": self._vault.seal(configured.digest_key, configured.id),
            "applied_at": configured.applied_at,
        }

    def _configured(self, row: RowMapping) -> Configured:
        return Configured(
            kind=row["kind"],
            name=row["name"],
            object_id=row["object_id"],
            source=row["source"],
            file=row["file"],
            base=orjson.loads(row["base"]),
            digest_key=self._vault.unseal(row["sealed_key"], row["id"]),
            applied_at=row["applied_at"],
        )
