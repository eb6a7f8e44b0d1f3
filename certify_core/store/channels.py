"""Queries over the channels by which people are told."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.notification import Channel, ChannelSettings
from certify_core.errors import Conflict, NotFound
from certify_core.store.credentials import see_that_these_exist
from certify_core.store.database import Database
from certify_core.store.tables import CHANNELS

N = CHANNELS.c


class Channels:
    """The channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, channel_id: str) -> Channel:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _load(connection, channel_id)

    def all(self) -> list[Channel]:
        """Return every one, by id."""
        with self._database.read() as connection:
            return [_channel(row) for row in connection.execute(select(CHANNELS).order_by(N.id)).mappings()]

    def create(self, channel_id: str, settings: ChannelSettings, now: float) -> Channel:
        """Keep a new one; its secrets are sealed already.

        Raises:
            Conflict: the id is taken.
            InvalidInput: there is no such credential.
        """
        channel = Channel(
            **settings.model_dump(include=set(ChannelSettings.model_fields)),
            id=channel_id,
            version=1,
            created_at=now,
            updated_at=now,
            summary_at=0.0,
        )
        try:
            with self._database.write() as connection:
                _see_credential(connection, settings)
                connection.execute(insert(CHANNELS), channel_row(channel))
        except IntegrityError as error:
            raise Conflict(f"There is already a channel {channel_id}.", "Give another id, or change it.") from error
        return channel

    def update(self, channel_id: str, version: int, settings: ChannelSettings, now: float) -> Channel:
        """Replace one that still has `version`; what waits for it is sent by the new settings.

        Raises:
            Conflict: somebody else changed it first.
            InvalidInput: there is no such credential.
        """
        with self._database.write() as connection:
            current = _load(connection, channel_id)
            if current.version != version:
                raise Conflict(
                    f"The channel {channel_id} has version {current.version}, you changed version {version}.",
                    "Read it again and repeat the change.",
                )
            _see_credential(connection, settings)
            wanted = settings.model_dump(include=set(ChannelSettings.model_fields))
            changed = current.model_copy(update={**wanted, "version": version + 1, "updated_at": now})
            connection.execute(update(CHANNELS).where(N.id == channel_id), channel_row(changed))
        return changed

    def delete(self, channel_id: str) -> None:
        """Remove one, and all that waits for it.

        Raises:
            NotFound: there is none.
        """
        with self._database.write() as connection:
            _load(connection, channel_id)
            connection.execute(delete(CHANNELS).where(N.id == channel_id))


def _see_credential(connection: Connection, settings: ChannelSettings) -> None:
    see_that_these_exist(connection, {settings.credential: "credential"} if settings.credential else {})


def _load(connection: Connection, channel_id: str) -> Channel:
    row = connection.execute(select(CHANNELS).where(N.id == channel_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no channel {channel_id}.", "See `certify notify list`.")
    return _channel(row)


def channel_row(channel: Channel) -> dict[str, Any]:
    """Return all columns of a channel."""
    return {**channel.model_dump(), "parameters": orjson.dumps(channel.parameters).decode()}


def _channel(row: RowMapping) -> Channel:
    return Channel.model_validate({**row, "parameters": orjson.loads(row["parameters"])})
