"""Queries over access tokens, which are kept by their digests alone."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select

from certify_core.domain.access import AccessToken, Role
from certify_core.errors import NotFound
from certify_core.store.database import Database
from certify_core.store.tables import ACCESS_TOKENS

T = ACCESS_TOKENS.c
SHOWN_EXPIRED = 30 * 86_400.0
"""Seconds for which an expired token is still listed."""


@dataclass(frozen=True, slots=True)
class StoredToken(AccessToken):
    """A token with what it is recognised by."""

    digest: str = field(repr=False)


class Tokens:
    """The access tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AccessToken]:
        """Return every one, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(ACCESS_TOKENS).order_by(T.created_at.desc(), T.id)).mappings()
            return [_token(row) for row in rows]

    def stored(self) -> list[StoredToken]:
        """Return every one as it is kept, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(ACCESS_TOKENS).order_by(T.created_at.desc(), T.id)).mappings()
            return [StoredToken(**{**row, "role": Role(row["role"])}) for row in rows]

    def find(self, digest: str, now: float) -> AccessToken | None:
        """Return the token of this digest, unless it has expired or there is none."""
        query = select(ACCESS_TOKENS).where(T.digest == digest, T.expires_at > now)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _token(row) if row is not None else None

    def create(
        self, digest: str, *, title: str, role: Role, created_by: str, now: float, expires_at: float
    ) -> AccessToken:
        """Keep a new one, and forget those that expired long ago."""
        token = StoredToken(uuid.uuid4().hex, title, role, created_by, now, expires_at, digest)
        with self._database.write() as connection:
            connection.execute(delete(ACCESS_TOKENS).where(T.expires_at < now - SHOWN_EXPIRED))
            connection.execute(insert(ACCESS_TOKENS), token_row(token))
        return AccessToken(token.id, title, role, created_by, now, expires_at)

    def delete(self, token_id: str) -> None:
        """Remove one: it opens nothing from now on.

        Raises:
            NotFound: there is none.
        """
        with self._database.write() as connection:
            found = connection.execute(delete(ACCESS_TOKENS).where(T.id == token_id)).rowcount
        if not found:
            raise NotFound(f"There is no token {token_id}.", "See `certify token list`.")


def token_row(token: StoredToken) -> dict[str, Any]:
    """Return all columns of a token."""
    return {**asdict(token), "role": token.role.value}


def _token(row: RowMapping) -> AccessToken:
    return AccessToken(
        row["id"], row["title"], Role(row["role"]), row["created_by"], row["created_at"], row["expires_at"]
    )
