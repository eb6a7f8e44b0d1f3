"""Reads every row that can still be read out of a damaged database: by SQLite where it can, else from its pages.

SQLite gives up a table at the first page that it does not understand: so it is asked from both ends, and what it cannot
reach is read from the leaves of tables, wherever they are in the file or its WAL. Only rows whose seal holds are taken.
"""

from __future__ import annotations

import sqlite3
from collections import ChainMap
from contextlib import closing, suppress
from pathlib import Path

from certify_core.api import Source
from certify_store_sqlite.pages import file_pages, page_size_of, records, wal_frames
from certify_store_sqlite.rows import Rows, Table


def salvage(database: Path, wal: Path, rows: Rows) -> None:
    """Add to `rows` all that can be read of a database and its WAL; changes neither."""
    by_sqlite(database, rows, Source.DATABASE)
    _from_pages(database, wal, rows)


def by_sqlite(database: Path, rows: Rows, source: Source) -> None:
    """Add what SQLite can read of a database."""
    # A file that is no database, or whose first page is damaged: its pages are read all the same.
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        for table in rows.tables.values():
            for direction in ("ASC", "DESC"):
                if _read_to_the_end(connection, table, direction, rows, source):
                    break


def _read_to_the_end(connection: sqlite3.Connection, table: Table, direction: str, rows: Rows, source: Source) -> bool:
    """Read a table in the order of its rowids until SQLite gives up; return whether it did not."""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    query = f'SELECT {columns} FROM "{table.name}" NOT INDEXED ORDER BY rowid {direction}'  # noqa: S608
    try:
        for values in connection.execute(query):
            rows.add(table.name, dict(zip(table.columns, values, strict=True)), source)
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return True


def _from_pages(database: Path, wal: Path, rows: Rows) -> None:
    in_file = file_pages(database, page_size_of(database, wal))
    in_wal: dict[int, bytes] = {}
    latest = ChainMap(in_wal, in_file)
    for number, page in wal_frames(wal):
        in_wal[number] = page
        for rowid, values in records(number, page, latest):
            rows.add_record(rowid, values, Source.FRAGMENTS)
    for number, page in in_file.items():
        for rowid, values in records(number, page, in_file):
            rows.add_record(rowid, values, Source.FRAGMENTS)
