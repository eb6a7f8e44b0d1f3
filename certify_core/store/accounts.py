"""Queries over ACME accounts: one per directory, its key sealed.

What the authority is about to be asked for an account (another key, its end) is committed here first, so that whoever
uses the account next finds out how it went and finishes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, RowMapping, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.settings import CertificateSettings
from certify_core.errors import Conflict, NotFound
from certify_core.store.database import Database
from certify_core.store.secrets import Vault
from certify_core.store.tables import ACCOUNTS, CERTIFICATES

A = ACCOUNTS.c
C = CERTIFICATES.c


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
    ca_bundle: str | None = None
    """A PEM file with the roots of the directory's own TLS certificate; None for the authority's usual ones."""
    next_key_pem: str | None = field(default=None, repr=False)
    """What the authority is being asked to take in the key's place; which of the two it knows has to be found out."""
    deactivating: bool = False
    """Whether the authority is being asked to close it."""


class Accounts:
    """The accounts."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    # -- reading -------------------------------------------------------------------------------------------------

    def find(self, directory: str) -> Account | None:
        """Return the account at a directory, if there is one."""
        return next(iter(self._select(A.directory == directory)), None)

    def all(self) -> list[Account]:
        """Return every account, sorted by directory."""
        return self._select()

    def get(self, account_id: str) -> Account:
        """Return an account.

        Raises:
            NotFound: there is none.
        """
        found = self._select(A.id == account_id)
        if not found:
            raise NotFound(f"There is no account {account_id}.", "See `certify account list`.")
        return found[0]

    def unfinished(self) -> list[str]:
        """Return the ids of the accounts for which an authority was perhaps asked for something, without an answer."""
        query = select(A.id).where(or_(A.sealed_next_key.is_not(None), A.deactivating))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def users(self, authorities: Collection[str]) -> list[tuple[str, str]]:
        """Return id and name of the managed certificates that are, or may be, ordered at one of these authorities."""
        mentioned = or_(*(C.settings.contains(orjson.dumps(name).decode(), autoescape=True) for name in authorities))
        query = select(C.id, C.name, C.settings).where(mentioned).order_by(C.name, C.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            (row.id, row.name)
            for row in rows
            if not set(authorities).isdisjoint(_authorities(CertificateSettings.model_validate_json(row.settings)))
        ]

    # -- changing ------------------------------------------------------------------------------------------------

    def add(self, directory: str, key_pem: str, now: float, *, ca_bundle: str | None = None) -> Account:
        """Keep a new account's key before the authority hears of it.

        Raises:
            Conflict: there is an account at this directory.
        """
        account = Account(uuid.uuid4().hex, directory, key_pem, now, ca_bundle=ca_bundle)
        try:
            with self._database.write() as connection:
                connection.execute(insert(ACCOUNTS), self.row(account))
        except IntegrityError as error:
            raise Conflict(f"There is already an account at {directory}.", "Use that one.") from error
        return account

    def put(self, account: Account) -> None:
        """Keep an account in the place of the one at its directory, if there is one."""
        with self._database.write() as connection:
            connection.execute(delete(ACCOUNTS).where(A.directory == account.directory))
            connection.execute(insert(ACCOUNTS), self.row(account))

    def confirm(self, account: Account) -> None:
        """Keep what the authority said about the account."""
        self._update(account, _told(account))

    def begin_rollover(self, account: Account, next_key_pem: str) -> Account:
        """Keep the account's next key before the authority hears of it."""
        self._update(account, {"sealed_next_key": self._vault.seal(next_key_pem.encode(), account.id)})
        return replace(account, next_key_pem=next_key_pem)

    def complete_rollover(self, account: Account) -> Account:
        """Make the next key the account's key: the authority has taken it."""
        assert account.next_key_pem is not None  # noqa: S101 - it was begun
        self._update(account, {"sealed_key": A.sealed_next_key, "sealed_next_key": None})
        return replace(account, key_pem=account.next_key_pem, next_key_pem=None)

    def cancel_rollover(self, account: Account) -> Account:
        """Forget the next key: the authority has refused it."""
        self._update(account, {"sealed_next_key": None})
        return replace(account, next_key_pem=None)

    def set_deactivating(self, account: Account, deactivating: bool) -> None:
        """Note that the authority is about to be asked to close the account, or that it has refused that."""
        self._update(account, {"deactivating": deactivating})

    def remove(self, account: Account) -> None:
        """Forget an account with its key."""
        with self._database.write() as connection:
            connection.execute(delete(ACCOUNTS).where(A.id == account.id))

    # -- rows ----------------------------------------------------------------------------------------------------

    def _update(self, account: Account, values: dict[str, Any]) -> None:
        with self._database.write() as connection:
            connection.execute(update(ACCOUNTS).where(A.id == account.id).values(values))

    def row(self, account: Account) -> dict[str, Any]:
        """Return all columns of an account, its keys sealed."""
        next_key = account.next_key_pem
        return {
            "id": account.id,
            "directory": account.directory,
            "sealed_key": self._vault.seal(account.key_pem.encode(), account.id),
            "sealed_next_key": self._vault.seal(next_key.encode(), account.id) if next_key else None,
            "deactivating": account.deactivating,
            "created_at": account.created_at,
            **_told(account),
        }

    def _select(self, *conditions: ColumnElement[bool]) -> list[Account]:
        query = select(ACCOUNTS).where(*conditions).order_by(A.directory)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [self._account(row) for row in rows]

    def _account(self, row: RowMapping) -> Account:
        sealed_next_key = row["sealed_next_key"]
        return Account(
            id=row["id"],
            directory=row["directory"],
            key_pem=self._vault.unseal(row["sealed_key"], row["id"]).decode(),
            created_at=row["created_at"],
            url=row["url"],
            orders_url=row["orders_url"],
            contact=tuple(orjson.loads(row["contact"])),
            eab_kid=row["eab_kid"],
            ca_bundle=row["ca_bundle"],
            next_key_pem=self._vault.unseal(sealed_next_key, row["id"]).decode() if sealed_next_key else None,
            deactivating=row["deactivating"],
        )


def _told(account: Account) -> dict[str, Any]:
    return {
        "url": account.url,
        "orders_url": account.orders_url,
        "contact": orjson.dumps(account.contact).decode(),
        "eab_kid": account.eab_kid,
        "ca_bundle": account.ca_bundle,
    }


def _authorities(settings: CertificateSettings) -> Iterable[str]:
    return (settings.authority, *settings.on_failure.fallback_authorities)
