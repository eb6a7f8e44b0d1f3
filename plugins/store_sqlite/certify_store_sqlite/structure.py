"""What SQLite itself says of a database's structure, and whether that is about an index of searches alone.

From 3.44 on SQLite looks into full-text indexes too (https://sqlite.org/releaselog/3_44_0.html): it complains of one or
gives up because of it, with every row as whole as before. So where it complains, the tables are asked one by one.
"""

from __future__ import annotations

import sqlite3

from certify_core.api import Damage
from certify_store_sqlite.schema import index_tables, is_consistent
from certify_store_sqlite.writing import INDEX

HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN}
"""What SQLite says of a file that another program has, or that may not be opened."""
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What Python raises of a file that SQLite cannot read: if a damaged name is in the message, it cannot be decoded."""
STRUCTURE = "structure"
FEW = 10
"""So many of SQLite's own complaints are told."""
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


def of_structure(connection: sqlite3.Connection, *, full: bool) -> list[Damage]:
    """Return what SQLite finds; `full` is whether indexes agree with their tables, too.

    Raises:
        sqlite3.DatabaseError, UnicodeDecodeError: somebody holds the file, or its schema cannot be read.
    """
    if not is_consistent(connection):
        return [Damage(STRUCTURE, "The schema is not what its own statements make.")]
    complaints = _complaints(connection, "integrity_check" if full else "quick_check", FEW)
    code = INDEX if complaints and _are_of_indexes_alone(connection) else STRUCTURE
    return [Damage(code, f"SQLite says: {complaint}.") for complaint in complaints]


def is_held(error: Exception) -> bool:
    """Return whether that is said of a file that another program has."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in HELD


def _are_of_indexes_alone(connection: sqlite3.Connection) -> bool:
    tables = {"sqlite_schema", *(name for (name,) in connection.execute(_TABLES).fetchall())}
    of_indexes = index_tables(connection)
    return _is_any_damaged(connection, of_indexes) and not _is_any_damaged(connection, tables - of_indexes)


def _is_any_damaged(connection: sqlite3.Connection, tables: set[str]) -> bool:
    return any(_complaints(connection, "integrity_check", f'"{table}"') for table in sorted(tables))


def _complaints(connection: sqlite3.Connection, pragma: str, about: int | str) -> list[str]:
    try:
        return [verdict for (verdict,) in connection.execute(f"PRAGMA {pragma}({about})") if verdict != "ok"]
    except UNREADABLE as error:
        if is_held(error):
            raise
        return [str(error)]
