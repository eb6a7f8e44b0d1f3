"""Queries over the certificate authorities that users have named."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.authority import AuthoritySettings, NamedAuthority
from certify_core.errors import Conflict, NotFound
from certify_core.store.configuration_tables import AUTHORITIES
from certify_core.store.database import Also, Database, nothing_more

H = AUTHORITIES.c


class Authorities:
    """The authorities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[NamedAuthority]:
        """Return every one, by id."""
        with self._database.read() as connection:
            return [_authority(row) for row in connection.execute(select(AUTHORITIES).order_by(H.id)).mappings()]

    def get(self, authority_id: str) -> NamedAuthority:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _load(connection, authority_id)

    def create(
        self, authority_id: str, settings: AuthoritySettings, now: float, also: Also = nothing_more
    ) -> NamedAuthority:
        """Keep a new one.

        Raises:
            Conflict: the id is taken.
        """
        authority = NamedAuthority(**_wanted(settings), id=authority_id, version=1, created_at=now, updated_at=now)
        try:
            with self._database.write() as connection:
                connection.execute(insert(AUTHORITIES), _row(authority))
                also(connection)
        except IntegrityError as error:
            raise Conflict(
                f"There is already an authority {authority_id}.", "Give another id, or change it."
            ) from error
        return authority

    def update(
        self, authority_id: str, version: int, settings: AuthoritySettings, now: float, also: Also = nothing_more
    ) -> NamedAuthority:
        """Replace one that still has `version`.

        Raises:
            Conflict: somebody else changed it first.
        """
        with self._database.write() as connection:
            current = _load(connection, authority_id)
            if current.version != version:
                raise Conflict(
                    f"The authority {authority_id} has version {current.version}, you changed version {version}.",
                    "Read it again and repeat the change.",
                )
            changed = current.model_copy(
                update={**_wanted(settings), "version": version + 1, "updated_at": now},
            )
            connection.execute(update(AUTHORITIES).where(H.id == authority_id), _row(changed))
            also(connection)
        return changed

    def delete(self, authority_id: str, also: Also = nothing_more) -> None:
        """Remove one.

        Raises:
            NotFound: there is none.
        """
        with self._database.write() as connection:
            _load(connection, authority_id)
            connection.execute(delete(AUTHORITIES).where(H.id == authority_id))
            also(connection)


def _wanted(settings: AuthoritySettings) -> dict[str, Any]:
    return settings.model_dump(include=set(AuthoritySettings.model_fields))


def _load(connection: Connection, authority_id: str) -> NamedAuthority:
    row = connection.execute(select(AUTHORITIES).where(H.id == authority_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no authority {authority_id}.", "See `certify authority list`.")
    return _authority(row)


def _row(authority: NamedAuthority) -> dict[str, Any]:
    return authority.model_dump()


def _authority(row: RowMapping) -> NamedAuthority:
    return NamedAuthority.model_validate(dict(row))
