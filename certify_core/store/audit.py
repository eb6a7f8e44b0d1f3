"""Queries over the audit trail: entries are added at its end, read and, when there are too many, forgotten; no more.

A request is entered before anything is done and its outcome afterwards; one without an outcome was cut short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import JsonValue
from sqlalchemy import Connection, delete, func, insert, select

from certify_core.domain.audit import FORGOTTEN, NO_HASH, AuditEntry, Head, Verdict, link, verify
from certify_core.store.database import Database
from certify_core.store.tables import AUDIT

A = AUDIT.c
KEPT = 100_000
"""So many entries are kept at least."""
AT_ONCE = 1_000
"""So many are forgotten at once."""
_ENTRY = select(A.number, A.request, A.document, A.previous, A.hash)
_LAST = select(A.number, A.hash).order_by(A.number.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class AuditedRequest:
    """A request with its outcome, if it has one."""

    entry: AuditEntry
    outcome: AuditEntry | None


class AuditTrail:
    """Who did what."""

    def __init__(self, database: Database, kept: int = KEPT, at_once: int = AT_ONCE) -> None:
        self._database = database
        self._kept = kept
        self._at_once = at_once

    def add(self, document: Mapping[str, JsonValue], *, request: int | None = None) -> AuditEntry:
        """Add an entry, the outcome of an earlier one if `request` is its number; it is durable on return."""
        with self._database.write() as connection:
            entry = _add(connection, document, request)
            self._forget(connection, entry)
        return entry

    def requests(self, *, limit: int, before: int | None = None) -> list[AuditedRequest]:
        """Return the newest requests, or those before a number, the newest first."""
        query = _ENTRY.where(A.request.is_(None)).order_by(A.number.desc()).limit(limit)
        if before is not None:
            query = query.where(A.number < before)
        with self._database.read() as connection:
            entries = [_entry(row) for row in connection.execute(query)]
            outcomes = _ENTRY.where(A.request.in_([entry.number for entry in entries]))
            of = {row.request: _entry(row) for row in connection.execute(outcomes)}
        return [AuditedRequest(entry, of.get(entry.number)) for entry in entries]

    def entries(self, *, after: int = 0, limit: int) -> list[AuditEntry]:
        """Return entries as they are, the oldest first, beginning behind a number."""
        query = _ENTRY.where(A.number > after).order_by(A.number).limit(limit)
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def verify(self, noted: Head | None = None) -> Verdict:
        """Look at the whole chain; `noted` has to be in it."""
        with self._database.read() as connection:
            return verify(_all(connection), noted)

    def _forget(self, connection: Connection, newest: AuditEntry) -> None:
        # Looked at now and then only; that older ones were forgotten is an entry itself.
        if newest.number % self._at_once:
            return
        oldest = connection.execute(select(func.min(A.number))).scalar_one()
        if newest.number - oldest < self._kept:
            return
        up_to = newest.number - self._kept
        connection.execute(delete(AUDIT).where(A.number <= up_to))
        _add(connection, {FORGOTTEN: up_to}, None)


def _add(connection: Connection, document: Mapping[str, JsonValue], request: int | None) -> AuditEntry:
    last = connection.execute(_LAST).first()
    number, previous = (last.number + 1, last.hash) if last is not None else (1, NO_HASH)
    entry = link(number, request, orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode(), previous)
    connection.execute(
        insert(AUDIT),
        {
            "number": entry.number,
            "request": entry.request,
            "document": entry.document,
            "previous": entry.previous,
            "hash": entry.hash,
        },
    )
    return entry


def _all(connection: Connection) -> Iterator[AuditEntry]:
    rows = connection.execution_options(yield_per=1000).execute(_ENTRY.order_by(A.number))
    yield from map(_entry, rows)


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(row.number, row.request, row.document, row.previous, row.hash)
