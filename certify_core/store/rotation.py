"""A new master key: everything sealed under an earlier one is sealed anew, wherever it lies.

    new key in front of the old one ─▶ every secret sealed anew ─▶ (next start) looked through once more ─▶ old key gone

A crash anywhere is harmless: what is sealed under either key can be opened, and the next start goes on. The old key
goes only at a start, before anything runs, because until then somebody may still hold a value that is sealed under it.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Table, select, update

from certify_core.errors import LocalFault
from certify_core.files import read_file, write_atomically
from certify_core.store.assets import Assets
from certify_core.store.configuration_tables import CONFIGURED
from certify_core.store.database import Database
from certify_core.store.secrets import PARAMETER, Vault
from certify_core.store.tables import (
    ACCOUNTS,
    CERTIFICATES,
    CHANNELS,
    CREDENTIALS,
    DEPLOYMENTS,
    ORDERS,
    REVOCATIONS,
)

_log = logging.getLogger(__name__)

SEALED = (
    (ACCOUNTS, "sealed_key", "id"),
    (ACCOUNTS, "sealed_next_key", "id"),
    (ORDERS, "sealed_key", "id"),
    (REVOCATIONS, "sealed_key", "issued_id"),
    (CONFIGURED, "sealed_key", "id"),
)
"""Columns that hold one secret, and the column that says its purpose."""
DOCUMENTS = (
    (CERTIFICATES, "settings"),
    (DEPLOYMENTS, "settings"),
    (ORDERS, "document"),
    (CREDENTIALS, "parameters"),
    (CHANNELS, "parameters"),
)
"""Columns with JSON in which parameters are sealed."""
ROWS_AT_ONCE = 200
"""So many rows are one transaction: others may write in between."""
_SEALED_PARAMETER = re.compile(r'(?<=\{"sealed":")[A-Za-z0-9+/=]+(?="\})')


@dataclass(slots=True)
class Resealed:
    """What a look through everything has found."""

    secrets: int = 0
    """Sealed anew."""
    unreadable: int = 0
    """Open with no key at all: they were lost before, and stay as they are."""


class Rotation:
    """Changes the master key."""

    def __init__(self, database: Database, assets: Assets, vault: Vault) -> None:
        self._database = database
        self._assets = assets
        self._vault = vault
        self._renewed: dict[str, str] = {}
        """Parameters by how they were sealed: the same one lies in several places, and stays the same there."""

    def rotate(self) -> Resealed:
        """Make a new master key and seal everything under it; may be called again after it was interrupted.

        Raises:
            LocalFault: the disk is full or may not be written; what is sealed can be opened all the same.
        """
        self._vault.add_key()
        _log.warning("The master key is new; everything is sealed under it now")
        return self._reseal()

    def finish(self) -> None:
        """Forget the earlier keys, after looking that nothing needs them; nobody else may be writing.

        What hinders that is logged and hinders nothing else: the next start tries it again.
        """
        if not self._vault.has_old_keys:
            return
        try:
            resealed = self._reseal()
            self._vault.drop_old_keys()
        except LocalFault as error:
            _log.error("The earlier master key is still needed. %s", error)
            return
        _log.warning("The earlier master key is gone; %s secrets were still sealed under it", resealed.secrets)

    def _reseal(self) -> Resealed:
        found = Resealed()
        for table, column, purpose in SEALED:
            for rows in self._pages(table):
                self._reseal_column(table, table.c[column], table.c[purpose], rows, found)
        for table, column in DOCUMENTS:
            for rows in self._pages(table):
                self._reseal_documents(table, table.c[column], rows, found)
        self._renewed.clear()
        for file, purpose in self._assets.sealed_keys():
            self._reseal_file(file, purpose, found)
        return found

    def _pages(self, table: Table) -> Iterator[tuple[object, object]]:
        """Give ranges of row numbers, from the first to the last of each page."""
        key = _key(table)
        query = select(key).order_by(key)
        with self._database.read() as connection:
            keys = list(connection.execute(query).scalars())
        for start in range(0, len(keys), ROWS_AT_ONCE):
            page = keys[start : start + ROWS_AT_ONCE]
            yield page[0], page[-1]

    def _reseal_column(
        self, table: Table, column: Column[bytes], purpose: Column[str], rows: tuple[object, object], found: Resealed
    ) -> None:
        which = (_key(table).between(*rows), column.is_not(None))
        with self._database.write() as connection:
            for sealed, whose in connection.execute(select(column, purpose).where(*which)).all():
                renewed = self._resealed(sealed, whose, found)
                if renewed != sealed:
                    change = update(table).where(purpose == whose, column == sealed)
                    connection.execute(change.values({column.name: renewed}))

    def _reseal_documents(
        self, table: Table, column: Column[str], rows: tuple[object, object], found: Resealed
    ) -> None:
        key = _key(table)
        which = (key.between(*rows), column.contains('{"sealed":"', autoescape=True))
        with self._database.write() as connection:
            for row, document in connection.execute(select(key, column).where(*which)).all():
                renewed = _SEALED_PARAMETER.sub(lambda match: self._renewed_parameter(match.group(), found), document)
                if renewed != document:
                    connection.execute(update(table).where(key == row).values({column.name: renewed}))

    def _renewed_parameter(self, text: str, found: Resealed) -> str:
        if text not in self._renewed:
            renewed = self._resealed(base64.b64decode(text), PARAMETER, found)
            self._renewed[text] = base64.b64encode(renewed).decode()
        return self._renewed[text]

    def _reseal_file(self, file: Path, purpose: str, found: Resealed) -> None:
        try:
            sealed = read_file(file)
            renewed = self._resealed(sealed, purpose, found)
            if renewed != sealed:
                write_atomically(file, renewed)
        except FileNotFoundError:
            return  # its certificate was deleted meanwhile
        except OSError as error:
            raise LocalFault(
                f"The key {file} cannot be sealed anew: {error.strerror or error}.",
                "Make room or mend the permissions, then run `certify secrets rotate` again; nothing is lost.",
            ) from error

    def _resealed(self, sealed: bytes, purpose: str, found: Resealed) -> bytes:
        try:
            renewed = self._vault.resealed(sealed, purpose)
        except LocalFault as error:
            _log.error("%s It stays as it is.", error.cause)
            found.unreadable += 1
            return sealed
        found.secrets += renewed != sealed
        return renewed


def _key(table: Table) -> Column[str]:
    """Return the first column of the primary key."""
    return next(iter(table.primary_key.columns))
