"""Writes all rows of a database to a file for other programs; what is sealed in the database stays sealed in it.

What belongs to the care of the database alone is left out: the seals, and the tables and triggers behind them.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from certify_store_sqlite.seals import COLUMN, Value


def export_sql(database: Path, target: Path) -> None:
    """Write the statements that make the same tables with the same rows and indexes."""
    with closing(_opened(database)) as source, target.open("w", encoding="utf-8") as file:
        file.write("BEGIN;\n")
        for table in _tables(source):
            for statement in (*_definitions(source, "table", table), *_inserts(source, table)):
                file.write(f"{statement};\n")
        for table in _tables(source):
            for statement in _definitions(source, "index", table):
                file.write(f"{statement};\n")
        file.write("COMMIT;\n")


def export_json(database: Path, target: Path) -> None:
    """Write an object with a list of objects for each table; octets are in base64."""
    with closing(_opened(database)) as source, target.open("w", encoding="utf-8") as file:
        content = {table: list(_rows(source, table)) for table in _tables(source)}
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _opened(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    connection.execute("BEGIN")  # all tables as they are at one moment
    return connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'certify_%'"
    )
    return [name for (name,) in connection.execute(query).fetchall()]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")') if name != COLUMN]


def _definitions(connection: sqlite3.Connection, kind: str, table: str) -> Iterator[str]:
    """Give the statements that make a table, or its indexes, without the column of the seals."""
    query = "SELECT sql FROM sqlite_schema WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL"
    for (sql,) in connection.execute(query, [kind, table]).fetchall():
        yield sql.replace(f", {COLUMN} BLOB(200)", "")


def _inserts(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    names = _columns(connection, table)
    quoted = " || ',' || ".join(f'quote("{name}")' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    for (values,) in connection.execute(f'SELECT {quoted} FROM "{table}" NOT INDEXED'):  # noqa: S608
        yield f'INSERT INTO "{table}" ({columns}) VALUES ({values})'  # noqa: S608


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, str | int | float | None]]:
    names = _columns(connection, table)
    columns = ", ".join(f'"{name}"' for name in names)
    for values in connection.execute(f'SELECT {columns} FROM "{table}" NOT INDEXED'):  # noqa: S608
        yield {name: _readable(value) for name, value in zip(names, values, strict=True)}


def _readable(value: Value) -> str | int | float | None:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
