"""What people know and what is on its way to them, changed together: nothing is told twice, and nothing is lost."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from certify_core.domain.failure import Failure
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.news import News
from certify_core.domain.notification import Message, Trouble, Waiting
from certify_core.store.database import Database
from certify_core.store.tables import CHANNELS, MESSAGES, TROUBLES

M = MESSAGES.c
T = TROUBLES.c
KEPT = 500
"""So many messages wait for one channel at most; the oldest goes first."""


class Outbox:
    """Messages that wait, and the troubles that people know of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def troubles(self) -> dict[tuple[str, str], Trouble]:
        """Return all that people were told of and that is not over, the oldest first."""
        query = select(TROUBLES).order_by(T.since, T.code, T.subject)
        with self._database.read() as connection:
            troubles = [_trouble(row) for row in connection.execute(query).mappings()]
        return {trouble.key: trouble for trouble in troubles}

    def tell(self, news: News, messages: Mapping[str, Message], now: float) -> None:
        """Note the news as known, and have each channel's message sent."""
        with self._database.write() as connection:
            for trouble in (*news.come, *news.gone):
                code, subject = trouble.key
                connection.execute(delete(TROUBLES).where(T.code == code, T.subject == subject))
            if news.come:
                connection.execute(insert(TROUBLES), [_trouble_row(trouble) for trouble in news.come])
            self._add(connection, messages, now)

    def summarise(self, messages: Mapping[str, Message], now: float) -> None:
        """Have each channel's summary sent, and note when it was written."""
        with self._database.write() as connection:
            self._add(connection, messages, now)
            connection.execute(update(CHANNELS).where(CHANNELS.c.id.in_(messages)).values(summary_at=now))

    def first(self, channel_id: str) -> Waiting | None:
        """Return the oldest message that waits for a channel."""
        query = select(MESSAGES).where(M.channel_id == channel_id).order_by(M.written_at, M.id).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _waiting(row) if row is not None else None

    def counts(self) -> dict[str, int]:
        """Return how many messages wait for each channel that has some."""
        query = select(M.channel_id, func.count()).group_by(M.channel_id)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def remove(self, message_id: str) -> None:
        """Forget a message: it was sent, or is too old to be."""
        with self._database.write() as connection:
            connection.execute(delete(MESSAGES).where(M.id == message_id))

    def fail(self, message_id: str, failure: Failure) -> None:
        """Note why a message could not be sent."""
        change = {"failure": failure.model_dump_json(), "failure_count": M.failure_count + 1}
        with self._database.write() as connection:
            connection.execute(update(MESSAGES).where(M.id == message_id).values(change))

    def _add(self, connection: Connection, messages: Mapping[str, Message], now: float) -> None:
        there = set(connection.execute(select(CHANNELS.c.id).where(CHANNELS.c.id.in_(messages))).scalars())
        for channel_id, message in messages.items():
            if channel_id not in there:  # removed meanwhile
                continue
            row = {
                "id": uuid.uuid4().hex,
                "channel_id": channel_id,
                "subject": message.subject,
                "text": message.text,
                "severity": message.severity.value,
                "written_at": now,
                "failure_count": 0,
            }
            connection.execute(insert(MESSAGES), row)
            mine = select(M.id).where(M.channel_id == channel_id).order_by(M.written_at.desc(), M.id.desc())
            connection.execute(delete(MESSAGES).where(M.id.in_(mine.offset(KEPT))))


def _trouble_row(trouble: Trouble) -> dict[str, Any]:
    code, subject = trouble.key
    return {
        "code": code,
        "subject": subject,
        "finding": orjson.dumps(asdict(trouble.finding)).decode(),
        "since": trouble.since,
    }


def _trouble(row: RowMapping) -> Trouble:
    document = orjson.loads(row["finding"])
    return Trouble(Finding(**{**document, "severity": Severity(document["severity"])}), row["since"])


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(
        id=row["id"],
        channel_id=row["channel_id"],
        message=Message(row["subject"], row["text"], Severity(row["severity"])),
        written_at=row["written_at"],
        failure_count=row["failure_count"],
        failure=Failure.model_validate_json(row["failure"]) if row["failure"] else None,
    )
