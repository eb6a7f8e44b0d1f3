"""Queries over ACME accounts: one per directory, its key sealed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from certify_core.errors import Conflict
from certify_core.store.database import Database
from certify_core.store.secrets import Vault
from certify_core.store.tables import ACCOUNTS

A = ACCOUNTS.c


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a certificate authority (RFC 8555 section 7.1.2)."""

    id: str
    directory: str
    key_pem: str = field(repr=False)
    created_at: float
    """Seconds since the epoch."""
    url: str | None = None
    """None until the authority has confirmed it."""
    orders_url: str | None = None
    contact: tuple[str, ...] = ()
    eab_kid: str | None = None


class Accounts:
    """The accounts."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def find(self, directory: str) -> Account | None:
        """Return the account at a directory, if there is one."""
        return next(iter(self._select(directory)), None)

    def all(self) -> list[Account]:
        """Return every account, sorted by directory."""
        return self._select()

    def add(self, directory: str, key_pem: str, now: float) -> Account:
        """Keep a new account's key before the authority hears of it.

        Raises:
            Conflict: there is an account at this directory.
        """
        account = Account(uuid.uuid4().hex, directory, key_pem, now)
        row = {
            "id": account.id,
            "directory": directory,
            "sealed_key": self._vault.seal(key_pem.encode(), account.id),
            "contact": "[]",
            "created_at": now,
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(ACCOUNTS), row)
        except IntegrityError as error:
            raise Conflict(f"There is already an account at {directory}.", "Use that one.") from error
        return account

    def confirm(self, account: Account) -> None:
        """Keep what the authority said about the account."""
        values = {
            "url": account.url,
            "orders_url": account.orders_url,
            "contact": orjson.dumps(account.contact).decode(),
            "eab_kid": account.eab_kid,
        }
        with self._database.write() as connection:
            connection.execute(update(ACCOUNTS).where(A.id == account.id), values)

    def _select(self, directory: str | None = None) -> list[Account]:
        query = select(ACCOUNTS).order_by(A.directory)
        if directory is not None:
            query = query.where(A.directory == directory)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Account(
                id=row["id"],
                directory=row["directory"],
                key_pem=self._vault.unseal(row["sealed_key"], row["id"]).decode(),
                created_at=row["created_at"],
                url=row["url"],
                orders_url=row["orders_url"],
                contact=tuple(orjson.loads(row["contact"])),
                eab_kid=row["eab_kid"],
            )
            for row in rows
        ]
