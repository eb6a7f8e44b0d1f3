"""Puts seals on every row: a column and triggers on each table, which the core and its migrations know nothing of.

Besides, what was deleted is remembered for a while, so that a backup does not bring it back, and the rows of each table
are counted, as rows on a page that has become empty are missed by nobody. A table that a migration has changed is
sealed anew in the next transaction that writes. Who writes to the database by other means is refused
("no such function: certify_seal").
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable

from certify_store_sqlite.generations import DAYS, WEEKS
from certify_store_sqlite.seals import COLUMN

DELETED, COUNTED = "certify_deleted", "certify_counted"
REMEMBERED = (DAYS + 7 * WEEKS) * 86_400
"""Seconds for which a deletion is remembered: longer than any backup is kept, as any may be the one that is used."""
_OWN_TABLES = f"""
CREATE TABLE IF NOT EXISTS {DELETED} (
    name TEXT NOT NULL, key TEXT NOT NULL, {COLUMN} BLOB NOT NULL, PRIMARY KEY (name, key)
);
CREATE TABLE IF NOT EXISTS {COUNTED} (name TEXT NOT NULL PRIMARY KEY, rows INTEGER NOT NULL);
"""
_SEALED = re.compile(r"certify_seal\('(?P<table>[^']*)', '(?P<columns>[^']*)'")


def guard(connection: sqlite3.Connection) -> None:
    """Seal what is not sealed yet; called inside a transaction that writes, and part of it."""
    tables = [name for name in _tables(connection) if not name.startswith("certify_")]
    if not tables:
        return
    for statement in _OWN_TABLES.split(";"):
        connection.execute(statement)
    for table in tables:
        _guard_table(connection, table)
    oldest = int((time.time() - REMEMBERED) * 1e9).to_bytes(8, "big")
    connection.execute(f"DELETE FROM {DELETED} WHERE {COLUMN} < ?", [oldest])  # noqa: S608


def sealed_columns(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the tables that are sealed, each with the columns that its seals cover, sorted and separated by commas."""
    triggers = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'certify_insert_%'"
    )
    found = [_SEALED.search(sql) for (sql,) in triggers]
    return {match["table"]: match["columns"] for match in found if match}


def sealing(table: str, columns: str) -> str:
    """Return the SQL that makes the seal of a row of `table`."""
    return f"certify_seal('{table}', '{columns}', {_quoted(columns.split(','))})"


def key_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the primary key of a table."""
    info = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return [name for _, name in sorted((position, name) for _, name, *_, position in info if position)]


def _tables(connection: sqlite3.Connection) -> Iterable[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in rows.fetchall()]


def _guard_table(connection: sqlite3.Connection, table: str) -> None:
    names = [name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')]
    if COLUMN not in names:
        # The size is a hint: the planner then knows that rows are wide, and prefers an index that has all it reads.
        connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {COLUMN} BLOB(200)')
    columns = ",".join(sorted(name for name in names if name != COLUMN))
    wanted = dict(_triggers(table, columns, key_columns(connection, table)))
    present = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? AND name LIKE 'certify_%'", [table]
    )
    if dict(present.fetchall()) == wanted:
        return
    for name, sql in wanted.items():
        connection.execute(f'DROP TRIGGER IF EXISTS "{name}"')
        connection.execute(sql)
    connection.execute(f'UPDATE "{table}" SET {COLUMN} = {sealing(table, columns)}')  # noqa: S608
    connection.execute(f'INSERT OR REPLACE INTO {COUNTED} SELECT ?, count(*) FROM "{table}"', [table])  # noqa: S608


def _triggers(table: str, columns: str, key: list[str]) -> Iterable[tuple[str, str]]:
    seal = f'UPDATE "{table}" SET {COLUMN} = {sealing(table, columns)} WHERE rowid = NEW.rowid'  # noqa: S608
    counting = f"UPDATE {COUNTED} SET rows = rows {{}} 1 WHERE name = '{table}'"  # noqa: S608
    yield (
        f"certify_insert_{table}",
        f'CREATE TRIGGER "certify_insert_{table}" AFTER INSERT ON "{table}" BEGIN {seal}; {counting.format("+")}; END',
    )
    yield (
        f"certify_update_{table}",
        f'CREATE TRIGGER "certify_update_{table}" AFTER UPDATE OF {_quoted(columns.split(","))} ON "{table}" '
        f"BEGIN {seal}; END",
    )
    old = f"json_array({', '.join(f'OLD.{name}' for name in _quoted_each(key)) or 'OLD.rowid'})"
    remembering = (
        f"INSERT OR REPLACE INTO {DELETED} VALUES "  # noqa: S608
        f"('{table}', {old}, certify_seal('{DELETED}', 'key,name', {old}, '{table}'))"
    )
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _quoted_each(key)) or "0"
    yield (
        f"certify_rename_{table}",
        f'CREATE TRIGGER "certify_rename_{table}" AFTER UPDATE OF {_quoted(key or columns.split(","))} ON "{table}" '
        f"WHEN {changed} BEGIN {remembering}; END",
    )
    yield (
        f"certify_delete_{table}",
        f'CREATE TRIGGER "certify_delete_{table}" AFTER DELETE ON "{table}" BEGIN {remembering}; '
        f"{counting.format('-')}; END",
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(_quoted_each(names))


def _quoted_each(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]
