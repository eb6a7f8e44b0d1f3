"""Proves before the store is opened that the database takes a write, and builds anew what can be built anew.

A full-text index has nothing of its own and no seals; so it is not checked but made again at every start.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from certify_store_sqlite.schema import virtual_tables


def prove_writable(database: Path, patience: float) -> None:
    """Write to the database and wait until that is on the disk; `patience` is how many seconds it may be held.

    Raises:
        sqlite3.Error: it cannot be written; it is as it was.
    """
    with closing(sqlite3.connect(database, timeout=patience, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")  # writes the first page, whatever is there
        for index in virtual_tables(connection):
            rebuild(connection, index)
        connection.execute("COMMIT")


def rebuild(connection: sqlite3.Connection, index: str) -> None:
    """Build a full-text index from the rows of its table."""
    connection.execute(f'INSERT INTO "{index}" ("{index}") VALUES (?)', ["rebuild"])  # noqa: S608
