"""Reads rows by each index of their tables, as a recovery might: the keys that an index has, and the row of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from certify_core.api import Source
from certify_store_sqlite.rows import Rows, Table

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)


def by_indexes(database: Path, rows: Rows) -> None:
    """Add every row that an index leads to, walked from both of its ends until SQLite gives up."""
    with suppress(*UNREADABLE), closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        for table in rows.tables.values():
            rowids = {rowid for index in _indexes(connection, table) for rowid in _walked(connection, table, index)}
            for rowid in rowids:
                with suppress(*UNREADABLE):
                    _add(connection, table, rowid, rows)


def _indexes(connection: sqlite3.Connection, table: Table) -> list[str]:
    with suppress(*UNREADABLE):
        return [name for _, name, *_ in connection.execute(f'PRAGMA index_list("{table.name}")')]
    return []


def _walked(connection: sqlite3.Connection, table: Table, index: str) -> Iterator[int]:
    for direction in ("ASC", "DESC"):
        with suppress(*UNREADABLE):
            columns = [name for *_, name in connection.execute(f'PRAGMA index_info("{index}")')]
            order = ", ".join(f'"{name}" {direction}' for name in columns)
            query = f'SELECT rowid FROM "{table.name}" INDEXED BY "{index}" ORDER BY {order}'
            for (rowid,) in connection.execute(query):
                yield rowid


def _add(connection: sqlite3.Connection, table: Table, rowid: int, rows: Rows) -> None:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    query = f'SELECT {columns} FROM "{table.name}" NOT INDEXED WHERE rowid = ?'
    for values in connection.execute(query, [rowid]):
        rows.add(table.name, dict(zip(table.columns, values, strict=True)), Source.DATABASE)
