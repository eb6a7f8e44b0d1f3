"""Proves before the store is opened that the database takes a write, and builds anew what can be built anew.

A full-text index has nothing of its own and no seals; so it is not checked but made again, unless it is the very one
that was made at an earlier start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from certify_core.api import Damage
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.known_index import are_known, remember
from certify_store_sqlite.schema import read_schema, saved_schema, virtual_tables

INDEX = "index"
"""Names the damage of a full-text index: no row is lost with it."""
REFUSED = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
"""What SQLite says where a file cannot be written, whatever is in it."""


def prove_writable(files: DatabaseFiles, patience: float) -> Sequence[Damage]:
    """Write to the database, which has to be there, and wait until that is on the disk.

    Returns what is damaged so that it cannot be built anew in place: the database is as it was, then.

    `patience` is how many seconds another program may hold it.

    Raises:
        sqlite3.Error: it cannot be written; it is as it was.
    """
    with closing(sqlite3.connect(files.database, timeout=patience, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")  # writes the first page, whatever is there
        indexes = virtual_tables(connection)
        if are_known(connection, indexes, files.indexes):
            connection.execute("COMMIT")
            return ()
        for index in indexes:
            try:
                rebuild(connection, index)
            except sqlite3.DatabaseError as error:
                connection.rollback()
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in REFUSED or not _has_schema(files):
                    raise
                return [Damage(INDEX, f"The index {index} cannot be built anew: {error}.")]
        connection.execute("COMMIT")
        remember(connection, indexes, files.indexes)
    return ()


def _has_schema(files: DatabaseFiles) -> bool:
    """Return whether a schema can be read: without one, as if SQLite has no full-text search, nothing is recovered."""
    return (read_schema(files.database) or saved_schema(files.schema)) is not None


def rebuild(connection: sqlite3.Connection, index: str) -> None:
    """Build a full-text index from the rows of its table."""
    connection.execute(f'INSERT INTO "{index}" ("{index}") VALUES (?)', ["rebuild"])  # noqa: S608
