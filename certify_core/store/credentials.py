"""Queries over stored credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.credential import Credential, CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.errors import Conflict, InvalidInput, NotFound
from certify_core.store.database import Also, Database, nothing_more
from certify_core.store.tables import CERTIFICATES, CHANNELS, CREDENTIALS

K = CREDENTIALS.c
NAMED = 5
"""So many users of a credential are named at most where it cannot be deleted."""


class Credentials:
    """The credentials."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, credential_id: str) -> Credential:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _load(connection, credential_id)

    def all(self) -> list[Credential]:
        """Return every one, by id."""
        with self._database.read() as connection:
            return [_credential(row) for row in connection.execute(select(CREDENTIALS).order_by(K.id)).mappings()]

    def create(
        self, credential_id: str, settings: CredentialSettings, now: float, also: Also = nothing_more
    ) -> Credential:
        """Keep a new one; its secrets are sealed already.

        Raises:
            Conflict: the id is taken.
        """
        credential = Credential(
            **settings.model_dump(include=set(CredentialSettings.model_fields)),
            id=credential_id,
            version=1,
            created_at=now,
            updated_at=now,
        )
        try:
            with self._database.write() as connection:
                connection.execute(insert(CREDENTIALS), credential_row(credential))
                also(connection)
        except IntegrityError as error:
            raise Conflict(
                f"There is already a credential {credential_id}.", "Give another id, or change it."
            ) from error
        return credential

    def update(
        self, credential_id: str, version: int, settings: CredentialSettings, now: float, also: Also = nothing_more
    ) -> Credential:
        """Replace one that still has `version`; who uses it has the new one from the next step on.

        Raises:
            Conflict: somebody else changed it first.
        """
        with self._database.write() as connection:
            current = _load(connection, credential_id)
            if current.version != version:
                raise Conflict(
                    f"The credential {credential_id} has version {current.version}, you changed version {version}.",
                    "Read it again and repeat the change.",
                )
            wanted = settings.model_dump(include=set(CredentialSettings.model_fields))
            changed = current.model_copy(update={**wanted, "version": version + 1, "updated_at": now})
            connection.execute(update(CREDENTIALS).where(K.id == credential_id), credential_row(changed))
            also(connection)
        return changed

    def users(self, credential_id: str) -> list[str]:
        """Return the names of the managed certificates that use it, and of the channels."""
        with self._database.read() as connection:
            return _users(connection, credential_id)

    def delete(self, credential_id: str, also: Also = nothing_more) -> None:
        """Remove one.

        Raises:
            Conflict: something uses it; says what.
        """
        with self._database.write() as connection:
            _load(connection, credential_id)
            users = _users(connection, credential_id)
            if users:
                more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
                raise Conflict(
                    f"The credential {credential_id} is used by {', '.join(users[:NAMED])}{more}.",
                    "Give them another one first, or change this one.",
                )
            connection.execute(delete(CREDENTIALS).where(K.id == credential_id))
            also(connection)


def credentials_of(settings: CertificateSettings) -> dict[str, str]:
    """Return the credentials that settings name, with the field of each."""
    named = {f"deployments.{index}.credential": item.credential for index, item in enumerate(settings.deployments)}
    named["challenge.credential"] = settings.challenge.credential
    return {credential: field for field, credential in named.items() if credential is not None}


def see_that_they_exist(connection: Connection, settings: CertificateSettings) -> None:
    """Look in the same transaction that keeps the settings: nobody can delete them in between.

    Raises:
        InvalidInput: a credential does not exist.
    """
    see_that_these_exist(connection, credentials_of(settings))


def see_that_these_exist(connection: Connection, named: Mapping[str, str]) -> None:
    """Do so for credentials, each with the field that names it; raises as `see_that_they_exist` does."""
    if not named:
        return
    found = set(connection.execute(select(K.id).where(K.id.in_(named))).scalars())
    for credential_id in named.keys() - found:
        raise InvalidInput(
            named[credential_id], f"There is no credential {credential_id}.", "See `certify credential list`."
        )


def no_credential(credential_id: str, field: str) -> InvalidInput:
    """Return the error for a credential that does not exist."""
    return InvalidInput(field, f"There is no credential {credential_id}.", "See `certify credential list`.")


def _users(connection: Connection, credential_id: str) -> list[str]:
    # All settings are read through: that happens only when somebody deletes a credential or looks at one.
    text = f'"credential":"{credential_id}"'
    query = select(CERTIFICATES.c.name).where(CERTIFICATES.c.settings.contains(text, autoescape=True))
    channels = select(CHANNELS.c.id).where(CHANNELS.c.credential == credential_id)
    named = [f"the channel {channel_id}" for channel_id in connection.execute(channels).scalars()]
    return sorted(connection.execute(query).scalars()) + sorted(named)


def _load(connection: Connection, credential_id: str) -> Credential:
    row = connection.execute(select(CREDENTIALS).where(K.id == credential_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no credential {credential_id}.", "See `certify credential list`.")
    return _credential(row)


def credential_row(credential: Credential) -> dict[str, Any]:
    """Return all columns of a credential."""
    return {**credential.model_dump(), "parameters": orjson.dumps(credential.parameters).decode()}


def _credential(row: RowMapping) -> Credential:
    return Credential.model_validate({**row, "parameters": orjson.loads(row["parameters"])})
