"""A hundred damages of a database, each with good backups and with damaged ones, and what a recovery makes of them.

The database has 2,000 managed certificates and was backed up a day ago; since then 59 were added and 291 changed. Its
process was killed right after a commit, so that its WAL is as it always is. Nothing is due: what is compared afterwards
is what the recovery has left, and not what the service went on to do.

    python -m tests.support.campaign FOLDER     builds it, and is killed
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from certify_core.api import CertifyError, PluginContext
from certify_core.domain.settings import CertificateSettings, RenewalSettings
from certify_store_sqlite import SqliteStore
from tests.support.corruption import KINDS
from tests.support.forked_service import forked_service, import_program
from tests.support.killing import KILLED, kill_this_process
from tests.support.samples import some_on_windows
from tests.support.stores import NOW, database_file, open_store, wanting
from tests.support.waiting import eventually

CERTIFICATES, ADDED, CHANGED, JUST_NOW = 2000, 59, 291, 3
ROUNDS = 13
"""Seeds for each kind."""
TABLES = ("managedcertificate", "deployment")
TRUTH, VERSIONS = "truth.pickle", "versions.pickle"
AFTERWARDS = "after.the.recovery.test"
"""A name that is written once more to what was recovered, and deleted."""

Content = dict[str, dict[str, tuple[object, ...]]]
"""The rows of each table by their first column."""

Recovery = Callable[[Path], int | None]
"""Recovers the database of a data folder, and works with it: how many certificates are shown, None if it cannot."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which a data folder is damaged."""

    kind: str
    seed: int
    backup_damaged: bool
    """Whether the backups are damaged too."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one damaged database."""

    case: Case
    missing: int
    """Rows that are gone."""
    stale: int
    """Rows in an older version."""
    wrong: int
    """Rows that never were like this."""
    works: bool
    """Whether it can be written, and shows as many certificates as it has."""


def build(folder: Path) -> None:
    """Make the data folder."""
    process = subprocess.run([sys.executable, "-m", "tests.support.campaign", str(folder)], check=False)
    assert process.returncode == KILLED


def cases(backup_damaged: Sequence[bool] = (False, True)) -> Iterator[Case]:
    """Yield every damage, with good backups and with damaged ones."""
    for kind in KINDS:
        for seed in some_on_windows(range(ROUNDS), every=ROUNDS):
            yield from (Case(kind, seed, damaged) for damaged in backup_damaged)


def outcomes(base: Path, chosen: Iterable[Case], recovery: Recovery) -> list[Outcome]:
    """Damage copies of a data folder, have each recovered, and judge it: as many at once as there are cores.

    On Windows, where nothing is forked, one after the other.
    """
    if os.name == "nt":
        return [_outcome(base, recovery, case) for case in chosen]
    # Each is a fresh process with one thread: services are forked of it.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), import_program) as pool:
        return list(pool.map(partial(_outcome, base, recovery), chosen))


def damaged_copy(base: Path, folder: Path, case: Case) -> None:
    """Make a copy of the data folder and damage it."""
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("*.pickle"))
    (backup,) = folder.glob("backups/*/manageditems.db")
    second_name = folder / "manageditems.db.bak"
    second_name.unlink()
    second_name.hardlink_to(backup)
    chance = random.Random(f"{case.kind} {case.seed}")
    KINDS[case.kind](database_file(folder), chance)
    if case.backup_damaged:
        content = bytearray(backup.read_bytes())
        for _ in range(3):
            start = chance.randrange(len(content))
            content[start : start + 2000] = chance.randbytes(len(content[start : start + 2000]))
        backup.write_bytes(content)


def served(folder: Path) -> int | None:
    """Start the service, ask what it shows, have it write something, and kill it."""
    wish = {"identifiers": [AFTERWARDS], "renewal": {"automatic": False}}
    try:
        with forked_service(folder) as service:
            shown = service.call("GET", "/api/managedcertificates/summary").body
            made = service.call("POST", "/api/managedcertificates", wish)
            assert made.status == 201, made.body
            gone = service.call("DELETE", f"/api/managedcertificates/{made.body['id']}")
            assert gone.status == 204, gone.body
    except AssertionError as refused:
        print(f"{folder.name}: {refused}", file=sys.stderr)
        return None
    return int(sum(shown.values()))


def recovered_without_journal(folder: Path) -> int | None:
    """Do what the service does before it opens the store, with nothing but the database, its WAL and the backups."""
    for journal in folder.glob("manageditems.journal*"):
        journal.unlink()
    SqliteStore().care(PluginContext(folder)).prepare()
    return opened(folder)


def opened(folder: Path) -> int | None:
    """Open the store as it is, ask what it shows, and have it write something."""
    try:
        with open_store(folder) as store:
            shown = sum(store.certificates.count_by_status().values())
            store.certificates.delete(store.certificates.create(wanting(AFTERWARDS), NOW).id)
    except CertifyError:
        return None
    return shown


def content_of(database: Path) -> Content:
    """Return what SQLite reads, without the columns that belong to the storage plugin."""
    with closing(sqlite3.connect(database)) as connection:
        return {table: _rows(connection, table) for table in TABLES}


def _outcome(base: Path, recovery: Recovery, case: Case) -> Outcome:
    name = f"{recovery.__name__}-{case.kind}-{case.seed}-{case.backup_damaged}"
    folder = base.with_name(name.replace(" ", "-"))  # sqlite3 takes a space for the end of a name
    damaged_copy(base, folder, case)
    shown = recovery(folder)
    judged = _judged(base, folder, case, shown)
    shutil.rmtree(folder)
    return judged


def _judged(base: Path, folder: Path, case: Case, shown: int | None) -> Outcome:
    """Compare what is there with what was."""
    try:
        found = content_of(database_file(folder))
    except sqlite3.Error:
        found = {table: {} for table in TABLES}
    truth: Content = pickle.loads((base / TRUTH).read_bytes())
    versions: dict[str, dict[str, set[tuple[object, ...]]]] = pickle.loads((base / VERSIONS).read_bytes())
    pairs = [(table, key, row) for table in TABLES for key, row in truth[table].items()]
    missing = sum(1 for table, key, _ in pairs if key not in found[table])
    other = [(table, key) for table, key, row in pairs if found[table].get(key, row) != row]
    stale = sum(1 for table, key in other if found[table][key] in versions[table].get(key, set()))
    invented = sum(1 for table in TABLES for key in found[table] if key not in truth[table])
    works = shown == len(found["managedcertificate"])
    return Outcome(case, missing, stale, len(other) - stale + invented, works)


def _idle(*identifiers: str) -> CertificateSettings:
    return wanting(*identifiers, places=1, renewal=RenewalSettings(automatic=False))


def _rows(connection: sqlite3.Connection, table: str) -> dict[str, tuple[object, ...]]:
    cursor = connection.execute(f"SELECT * FROM {table}")
    seal = [column[0] for column in cursor.description].index("certify_seal") if _is_sealed(cursor) else None
    return {str(row[0]): tuple(value for at, value in enumerate(row) if at != seal) for row in cursor}


def _is_sealed(cursor: sqlite3.Cursor) -> bool:
    return "certify_seal" in [column[0] for column in cursor.description]


def _build(folder: Path) -> None:
    folder.mkdir()
    care = SqliteStore().care(PluginContext(folder))
    with open_store(folder) as store:
        made = [
            store.certificates.create(_idle(f"shop-{number}.test", f"www.shop-{number}.test"), NOW)
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
            store.certificates.create(_idle(f"added-{number}.test"), NOW)
        for number in range(CHANGED - JUST_NOW):
            change(number * 5)
        eventually(lambda: _is_checkpointed(database))
        early = content_of(database)
        # Who reads keeps what comes later from being copied out of the WAL.
        reader = sqlite3.connect(database, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM managedcertificate").fetchone()
        for number in range(JUST_NOW):
            change(number * 5 + 1)
        truth = content_of(database)
        versions = {
            table: {key: {one[table][key] for one in (before, early) if key in one[table]} for key in truth[table]}
            for table in TABLES
        }
        (folder / TRUTH).write_bytes(pickle.dumps(truth))
        (folder / VERSIONS).write_bytes(pickle.dumps(versions))
        kill_this_process()


def _is_checkpointed(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        _, in_wal, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return bool(in_wal == copied)


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
