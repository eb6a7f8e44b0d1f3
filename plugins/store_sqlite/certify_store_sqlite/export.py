"""Writes all rows of a database to a file for other programs; what is sealed in the database stays sealed in it."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from certify_store_sqlite.seals import COLUMN, Value


def export_sql(database: Path, target: Path) -> None:
    """Write the statements that make the same database, without what belongs to its care alone."""
    with closing(_opened(database)) as source, target.open("w", encoding="utf-8") as file:
        for statement in source.iterdump():
            if "certify_deleted" not in statement and "certify_counted" not in statement and "TRIGGER" not in statement:
                file.write(statement + "\n")


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
    return [name for (name,) in connection.execute(query)]


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, str | int | float | None]]:
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield {name: _readable(value) for name, value in zip(names, values, strict=True) if name != COLUMN}


def _readable(value: Value) -> str | int | float | None:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
