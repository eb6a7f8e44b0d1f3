"""Measures whether a database in the data folder can be written, locked and backed up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from certify_av_checks.interference import Interference

ROWS = 500


def probe_database(folder: Path) -> list[Interference]:
    """Use and back up a database in an empty `folder`, and return what somebody did to it."""
    try:
        _use(folder / "manageditems.db", folder / "manageditems.db.tmp")
    except (sqlite3.Error, OSError) as error:
        return [
            Interference(
                "database-blocked",
                "Somebody keeps the service from using a database.",
                f"A database could not be written, locked and backed up: {error}.",
            )
        ]
    return []


def _use(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database, closing(sqlite3.connect(copy)) as backup:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE probe (id INTEGER PRIMARY KEY, text TEXT)")
        database.execute("BEGIN EXCLUSIVE")
        database.executemany("INSERT INTO probe (text) VALUES (?)", [("certify " * 20,)] * ROWS)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.backup(backup)
        (verdict,) = backup.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"its backup is damaged ({verdict})")
    copy.replace(path.with_name("manageditems.db.bak"))
