"""Builds a database file from a schema and rows, beside the one whose place it is to take."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from certify_core.api import LocalFault, RowFate, Source
from certify_store_sqlite.check import check
from certify_store_sqlite.guards import COUNTED, DELETED
from certify_store_sqlite.rows import Rows
from certify_store_sqlite.schema import Schema, virtual_tables
from certify_store_sqlite.writing import rebuild


def build(path: Path, schema: Schema, rows: Rows) -> list[RowFate]:
    """Make a database at `path` and return the rows that it did not take; what is there is overwritten.

    Raises:
        LocalFault: what was built is not sound.
        sqlite3.Error, OSError: it could not be written.
    """
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        path.chmod(0o600)
        database.execute("BEGIN")
        # Triggers come last: the seals are there already, and nothing is counted twice.
        for statement in schema.statements:
            if not statement.startswith("CREATE TRIGGER"):
                database.execute(statement)
        refused = [fate for table in rows.tables for fate in _fill(database, table, rows)]
        for table in rows.tables:
            if table != DELETED:
                database.execute(f'INSERT INTO {COUNTED} SELECT ?, count(*) FROM "{table}"', [table])  # noqa: S608
        for statement in schema.statements:
            if statement.startswith("CREATE TRIGGER"):
                database.execute(statement)
        for index in virtual_tables(database):
            rebuild(database, index)
        database.execute("COMMIT")
    report = check(path)
    if report.damages:
        raise LocalFault(f"What was recovered is not sound: {report.damages[0].what}", "Is the disk in order?")
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return refused


def _fill(database: sqlite3.Connection, table: str, rows: Rows) -> list[RowFate]:
    refused = []
    for key, version in rows.of(table).items():
        names = ", ".join(f'"{name}"' for name in version.row)
        marks = ", ".join("?" * len(version.row))
        try:
            database.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(version.row.values()))  # noqa: S608
        except sqlite3.IntegrityError as error:
            refused.append(RowFate(table, key, Source.NOWHERE, f"It does not go with the others: {error}."))
    return refused
