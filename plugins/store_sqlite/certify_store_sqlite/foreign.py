"""A database of another program where ours would be: Certify The Web's has the same name and, on Windows, place."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from certify_core.api import LocalFault
from certify_store_sqlite.files import DatabaseFiles

_OURS = "alembic_version"
"""The first table that is made in a database of ours (`certify_core.store.migrations`)."""
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


def refuse_foreign(files: DatabaseFiles) -> None:
    """Refuse a database that another program has made, before anything is written to it or in its place.

    Where ours was before, something else in its place is damage, and repaired.

    Raises:
        LocalFault: it is another program's.
    """
    if any(file.exists() for file in (files.state, files.schema, files.checked)):
        return
    tables = _tables(files)
    if tables and _OURS not in tables:
        raise LocalFault(
            f"The database {files.database} is another program's: it has the tables {', '.join(sorted(tables)[:3])}.",
            "Move the files of that program to another place, or choose another data folder with --data-dir. What "
            "Certify The Web looked after comes in by `certify import csv`: docs/moving.md.",
        )


def _tables(files: DatabaseFiles) -> set[str]:
    """Return the names of its tables, as far as they can be read without making a file beside it."""
    address = f"{files.database.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return {name for (name,) in connection.execute(_TABLES)}
    except (sqlite3.Error, UnicodeDecodeError):
        return set()
