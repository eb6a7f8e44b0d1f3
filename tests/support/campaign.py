"""Two hundred damaged databases, and what each recovery makes of them.

The database has 2,000 managed certificates and was backed up a day ago; since then 59 were added and 291 changed. Its
process was killed right after a commit, so that its WAL is as it always is.

    python -m tests.support.campaign FOLDER     builds it, and is killed
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from certify_core.api import CertifyError, PluginContext
from certify_store_sqlite import SqliteStore
from tests.support.corruption import KINDS
from tests.support.stores import NOW, database_file, open_store, wanting
from tests.support.waiting import eventually

CERTIFICATES, ADDED, CHANGED, JUST_NOW = 2000, 59, 291, 3
ROUNDS = 25
"""Seeds for each kind."""
TABLES = ("managedcertificate", "deployment")
TRUTH = "truth.pickle"

Content = dict[str, dict[str, tuple[object, ...]]]
"""The rows of each table by their first column."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one damaged database."""

    kind: str
    seed: int
    backup_damaged: bool
    missing: int
    """Rows that are gone."""
    stale: int
    """Rows in an older version."""
    wrong: int
    """Rows that never were like this."""
    opened: bool
    """Whether a store could be opened on it and written."""


def build(folder: Path) -> None:
    """Make the data folder."""
    process = subprocess.run([sys.executable, "-m", "tests.support.campaign", str(folder)], check=False)
    assert process.returncode == -signal.SIGKILL


def cases() -> Iterator[tuple[str, int, bool]]:
    """Yield kind, seed, and whether the backups are damaged too: every fourth time."""
    for kind in KINDS:
        for seed in range(ROUNDS):
            yield kind, seed, seed % 4 == 3


def damaged_copy(base: Path, folder: Path, kind: str, seed: int, *, backup_damaged: bool) -> None:
    """Make a copy of the data folder and damage it."""
    shutil.copytree(base, folder)
    chance = random.Random(f"{kind} {seed}")
    KINDS[kind](database_file(folder), chance)
    if backup_damaged:
        for backup in (folder / "manageditems.db.bak", *folder.glob("backups/*/manageditems.db")):
            content = bytearray(backup.read_bytes())
            for _ in range(3):
                start = chance.randrange(len(content))
                content[start : start + 2000] = chance.randbytes(len(content[start : start + 2000]))
            backup.write_bytes(content)


def recovered(folder: Path) -> None:
    """Do what the service does when it starts."""
    SqliteStore().care(PluginContext(folder)).prepare()


def recovered_without_journal(folder: Path) -> None:
    """Do so where nothing is left but the database, its WAL and the backups."""
    for journal in folder.glob("manageditems.journal*"):
        journal.unlink()
    recovered(folder)


def judged(folder: Path, truth: Content, kind: str, seed: int, *, backup_damaged: bool) -> Outcome:
    """Compare what is there with what was, and see whether it can be worked with."""
    try:
        found = content_of(database_file(folder))
    except sqlite3.Error:
        found = {table: {} for table in TABLES}
    versions: dict[str, dict[str, set[tuple[object, ...]]]] = pickle.loads((folder / "versions.pickle").read_bytes())
    pairs = [(table, key, row) for table in TABLES for key, row in truth[table].items()]
    missing = sum(1 for table, key, _ in pairs if key not in found[table])
    other = [(table, key) for table, key, row in pairs if found[table].get(key, row) != row]
    stale = sum(1 for table, key in other if found[table][key] in versions[table].get(key, set()))
    invented = sum(1 for table in TABLES for key in found[table] if key not in truth[table])
    return Outcome(kind, seed, backup_damaged, missing, stale, len(other) - stale + invented, _opens(folder))


def content_of(database: Path) -> Content:
    """Return what SQLite reads, without the columns that belong to the storage plugin."""
    with closing(sqlite3.connect(database)) as connection:
        return {table: _rows(connection, table) for table in TABLES}


def outcome(base: Path, folder: Path, case: tuple[str, int, bool], recovery: Callable[[Path], None]) -> Outcome:
    """Damage a copy, have it recovered, judge it, and remove it."""
    kind, seed, backup_damaged = case
    damaged_copy(base, folder, kind, seed, backup_damaged=backup_damaged)
    recovery(folder)
    truth = pickle.loads((base / TRUTH).read_bytes())
    found = judged(folder, truth, kind, seed, backup_damaged=backup_damaged)
    shutil.rmtree(folder)
    return found


def _rows(connection: sqlite3.Connection, table: str) -> dict[str, tuple[object, ...]]:
    cursor = connection.execute(f"SELECT * FROM {table}")
    seal = [column[0] for column in cursor.description].index("certify_seal") if _is_sealed(cursor) else None
    return {str(row[0]): tuple(value for at, value in enumerate(row) if at != seal) for row in cursor}


def _is_sealed(cursor: sqlite3.Cursor) -> bool:
    return "certify_seal" in [column[0] for column in cursor.description]


def _opens(folder: Path) -> bool:
    try:
        with open_store(folder) as store:
            created = store.certificates.create(wanting("after.the.recovery.test"), NOW)
            return store.certificates.get(created.id) == created
    except CertifyError:
        return False


def _build(folder: Path) -> None:
    folder.mkdir()
    care = SqliteStore().care(PluginContext(folder))
    with open_store(folder) as store:
        made = [
            store.certificates.create(wanting(f"shop-{number}.test", f"www.shop-{number}.test", places=1), NOW)
            for number in range(CERTIFICATES - ADDED)
        ]
        care.back_up("daily")
        database = database_file(folder)
        before = content_of(database)

        def change(number: int) -> None:
            settings = made[number].settings.model_copy(
                update={"identifiers": (f"shop-{number}.test", f"new-{number}.test")}
            )
            store.certificates.update_settings(made[number].id, made[number].version, settings, NOW + 1)

        for number in range(ADDED):
            store.certificates.create(wanting(f"added-{number}.test", places=1), NOW)
        for number in range(CHANGED - JUST_NOW):
            change(number * 5)
        eventually(lambda: _is_checkpointed(database))
        early = content_of(database)
        for number in range(JUST_NOW):
            change(number * 5 + 1)
        truth = content_of(database)
        versions = {
            table: {key: {one[table][key] for one in (before, early) if key in one[table]} for key in truth[table]}
            for table in TABLES
        }
        (folder / TRUTH).write_bytes(pickle.dumps(truth))
        (folder / "versions.pickle").write_bytes(pickle.dumps(versions))
        os.kill(os.getpid(), signal.SIGKILL)


def _is_checkpointed(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        _, in_wal, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return bool(in_wal == copied)


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
