"""Whether a database is what was written: its structure, every row, how many there are, and its last change.

SQLite's own checks (https://sqlite.org/pragma.html#pragma_quick_check) miss a third of what can be damaged in a file;
the seals of rows, their counts, and the last change kept beside the database show the rest.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from certify_core.api import CheckReport, Damage
from certify_store_sqlite.guards import COUNTED, DELETED, sealed_columns
from certify_store_sqlite.seals import COLUMN, SIZE, Value, change_of, holds
from certify_store_sqlite.structure import STRUCTURE, UNREADABLE, is_held, of_structure


def check(database: Path, known: int | None = None, *, full: bool = True) -> CheckReport:
    """Look at a database file without changing it.

    Args:
        database: the file; its WAL beside it belongs to it.
        known: the last change that has to be in it; None does not look at that. It is read before the database is: what
            is committed meanwhile is then in the database and not in what it is compared with.
        full: `integrity_check` instead of `quick_check`: whether indexes agree with their tables, too.

    Raises:
        sqlite3.OperationalError: somebody holds the file, or it cannot be opened.
        OSError: the same.
    """
    began = time.monotonic()
    rows: dict[str, int] = {}
    last = 0
    damages = _of_size(database)
    if not damages:
        try:
            with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                connection.execute("BEGIN")  # all of it as it is at one moment, whoever writes meanwhile
                damages = [*of_structure(connection, full=full), *_of_rows(connection, rows)]
                last = _last_change(connection)
        except UNREADABLE as error:
            if is_held(error):
                raise
            damages = [_of_error(database, error)]
    if known is not None and not damages:
        damages += _of_last_change(last, known)
    return CheckReport(time.time(), full, rows, last, tuple(damages), time.monotonic() - began)


def _of_size(database: Path) -> list[Damage]:
    """See whether there is anything at all.

    The file is never opened here but by SQLite: closing it would let go of every lock that this process has on it
    (https://sqlite.org/howtocorrupt.html, section 2.2), and the next program would take the WAL for nobody's.
    """
    return [] if database.stat().st_size else [_no_database(database)]


def _of_error(database: Path, error: Exception) -> Damage:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
        return _no_database(database)
    return Damage(STRUCTURE, f"{database.name} cannot be read: {error}.")


def _no_database(database: Path) -> Damage:
    return Damage("no-database", f"{database.name} is no SQLite database.")


def _of_rows(connection: sqlite3.Connection, rows: dict[str, int]) -> Iterator[Damage]:
    sealed = sealed_columns(connection)
    if not sealed:
        return
    connection.create_function("certify_holds", -1, _holds, deterministic=True)
    counted = dict(connection.execute(f"SELECT name, rows FROM {COUNTED}"))  # noqa: S608
    for table, columns in {**sealed, DELETED: "key,name"}.items():
        try:
            rows[table], good = _counts(connection, table, columns)
        except sqlite3.DatabaseError as error:
            yield Damage("rows-unreadable", f"Rows of {table} cannot be read: {error}.")
            continue
        if good != rows[table]:
            yield Damage("rows-changed", f"{rows[table] - good} rows of {table} are not what was written.")
        if table != DELETED and counted.get(table) != rows[table]:
            yield Damage("rows-missing", f"{table} has {rows[table]} rows and should have {counted.get(table)}.")


def _counts(connection: sqlite3.Connection, table: str, columns: str) -> tuple[int, int]:
    values = ", ".join(f'"{name}"' for name in columns.split(","))
    count, good = connection.execute(
        # The table itself is read and no index: it is the table that has to be right.
        f"SELECT count(*), sum(certify_holds('{table}', '{columns}', {COLUMN}, {values})) FROM \"{table}\" NOT INDEXED"  # noqa: S608
    ).fetchone()
    return count, good or 0


def _holds(table: str, columns: str, seal: Value, *values: Value) -> bool:
    return holds(table, columns, values, seal)


def _last_change(connection: sqlite3.Connection) -> int:
    newest = 0
    for table in (*sealed_columns(connection), DELETED):
        try:
            (seal,) = connection.execute(f'SELECT max({COLUMN}) FROM "{table}"').fetchone()  # noqa: S608
        except sqlite3.DatabaseError:
            continue  # told already, where rows are read
        if isinstance(seal, bytes) and len(seal) == SIZE:
            newest = max(newest, change_of(seal))
    return newest


def _of_last_change(last: int, known: int) -> list[Damage]:
    if known <= last:
        return []
    if last == 0:
        return [Damage("other-database", "The file is a database, and not the one that was written.")]
    return [
        Damage(
            "changes-lost",
            f"The database lacks the changes of its last {(known - last) / 1e9:.0f} seconds: its WAL was lost, "
            "or an older copy put in its place.",
        )
    ]
