"""The schema of a database, read from it or from the copy beside it: without one no page says what is on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from certify_core.api import write_atomically
from certify_store_sqlite.guards import key_columns, sealed_columns
from certify_store_sqlite.rows import Table
from certify_store_sqlite.seals import COLUMN

_ORDER = "CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END"
_ENTRIES = f"""
SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat*' ORDER BY {_ORDER}
"""  # noqa: S608 - the tables of ANALYZE have no statement that anybody may run
_VIRTUAL = "CREATE VIRTUAL TABLE %"


class Schema:
    """The statements that make a database, in an order in which they can be run."""

    def __init__(self, statements: Sequence[str]) -> None:
        self.statements = tuple(statements)
        with closing(sqlite3.connect(":memory:")) as empty:
            for statement in self.statements:
                empty.execute(statement)
            names = ["certify_deleted", *sealed_columns(empty)]
            self.tables = {name: _table(empty, name) for name in names} if len(names) > 1 else {}
            self.parents = {name: _parents(empty, name) for name in self.tables}
            """The foreign keys of each table: columns, and the table that they refer to."""

    @property
    def is_usable(self) -> bool:
        """Whether there are tables, each with seals, and all that they refer to: damaged names lead nowhere."""
        refers_to = {table for parents in self.parents.values() for _, table in parents}
        are_sealed = all(COLUMN in table.columns for table in self.tables.values())
        return bool(self.tables) and are_sealed and refers_to <= self.tables.keys()

    def save(self, path: Path) -> None:
        """Keep it beside the database."""
        write_atomically(path, json.dumps(self.statements).encode())


def read_schema(database: Path) -> Schema | None:
    """Return the schema of a database; None if it cannot be read or has no sealed tables."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            schema = Schema(_statements(connection))
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    return schema if schema.is_usable else None


def saved_schema(path: Path) -> Schema | None:
    """Return the schema that was kept beside the database."""
    try:
        schema = Schema(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, sqlite3.Error):
        return None
    return schema if schema.is_usable else None


def is_consistent(connection: sqlite3.Connection) -> bool:
    """Return whether the schema is what its own statements make, which SQLite does not look at.

    Without what belongs to virtual tables: whether there can be any depends on how SQLite was built.

    Raises:
        sqlite3.DatabaseError, UnicodeDecodeError: it cannot be read.
    """
    of_indexes = index_tables(connection)
    found = [entry for entry in connection.execute(_ENTRIES).fetchall() if entry[2] not in of_indexes]
    with closing(sqlite3.connect(":memory:")) as empty:
        for *_, statement in found:
            if statement is not None:
                empty.execute(statement)
        return set(empty.execute(_ENTRIES)) == set(found)


def virtual_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the virtual tables."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE ?"
    return [name for (name,) in connection.execute(query, [_VIRTUAL]).fetchall()]


def index_tables(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the virtual tables and of those in which they keep what they have."""
    return {*virtual_tables(connection), *_shadows(connection)}


def _statements(connection: sqlite3.Connection) -> list[str]:
    """Return the statements without those of the tables in which virtual tables keep what they have: they make them."""
    shadows = _shadows(connection)
    found = connection.execute(_ENTRIES).fetchall()
    return [statement for _, name, _, statement in found if statement is not None and name not in shadows]


def _shadows(connection: sqlite3.Connection) -> set[str]:
    beginnings = tuple(f"{name}_" for name in virtual_tables(connection))
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {name for (name,) in tables if name.startswith(beginnings)}


def _table(connection: sqlite3.Connection, name: str) -> Table:
    info = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    key = key_columns(connection, name)
    types = {column: kind.upper() for _, column, kind, *_ in info}
    rowid = key[0] if len(key) == 1 and types[key[0]] == "INTEGER" else None
    return Table(name, tuple(types), tuple(key), rowid)


def _parents(connection: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    return [(row[3], row[2]) for row in connection.execute(f'PRAGMA foreign_key_list("{name}")')]
