"""The connections to the database: what holds on each, and what happens when one commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from certify_store_sqlite.changes import Changes
from certify_store_sqlite.guards import guard
from certify_store_sqlite.journal import Journal, line_of
from certify_store_sqlite.seals import Value, make_seal

BUSY_TIMEOUT_MS = 10_000
PRAGMAS = (
    "journal_mode = WAL",
    # NORMAL would lose the last commits in a power cut; an order that was placed must never be forgotten.
    "synchronous = FULL",
    "foreign_keys = ON",
    # What REPLACE deletes is counted and remembered like everything else that is deleted.
    "recursive_triggers = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
)


class SealingConnection(sqlite3.Connection):
    """Numbers and seals what it changes, and tells what it has committed."""

    def __init__(
        self, *args: Any, changes: Changes, journal: Journal, committed: Callable[[], None], **keywords: Any
    ) -> None:
        super().__init__(*args, **keywords)
        self._changes = changes
        self._journal = journal
        self._lines: list[bytes] = []
        self._told = committed
        self._last = 0
        self._guarded_schema = -1
        # The driver's own transactions begin too late: see `begin`.
        self.isolation_level = None
        self.create_function("certify_seal", -1, self._seal)
        try:
            for pragma in PRAGMAS:
                self.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            self.close()  # or who holds the error holds the file, too
            raise

    def commit(self) -> None:
        """Commit, then say so to who keeps the last change and the journal, and who empties the WAL."""
        super().commit()
        if self._lines:
            self._changes.committed(self._last)
            self._journal.append(self._lines)
            self._lines = []
            self._told()

    def rollback(self) -> None:
        """Forget what was changed."""
        super().rollback()
        self._lines = []
        self._guarded_schema = -1

    def guard(self) -> None:
        """See to it that every table is sealed; only a schema that has changed costs anything."""
        (schema,) = self.execute("PRAGMA schema_version").fetchone()
        if schema != self._guarded_schema:
            guard(self)
            (self._guarded_schema,) = self.execute("PRAGMA schema_version").fetchone()

    def _seal(self, table: str, columns: str, *values: Value) -> bytes:
        self._last = self._changes.next()
        seal = make_seal(table, columns, values, self._last)
        self._lines.append(line_of(table, columns, values, seal))
        return seal


def listen(engine: Engine) -> None:
    """Begin transactions as SQLite wants them begun."""
    event.listen(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    """Take the write lock at once where a write will come: a reader that turns writer may find that it is too late."""
    writes = connection.get_execution_options().get("certify_writes", False)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - this engine has no others
    statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
    try:
        driver.execute(statement)  # past SQLAlchemy, whose way costs ten times as much, with every transaction
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error
    if writes and isinstance(driver, SealingConnection):
        try:
            driver.guard()
        except sqlite3.Error as error:
            driver.rollback()  # the transaction that has just begun must not be the next one's, too
            raise OperationalError("the sealing of rows", None, error) from error
