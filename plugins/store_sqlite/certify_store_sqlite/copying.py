"""Copies the database and checks the copy: one look that proves what is in use and what will be its backup.

SQLite gives every page as it reads it itself, all of them of one moment. So what is damaged is damaged in the copy too.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from certify_core.api import CheckReport, remove_file
from certify_store_sqlite.changes import read_last_change
from certify_store_sqlite.check import check
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.journal import begin_new
from certify_store_sqlite.structure import HELD


@dataclass(frozen=True, slots=True)
class CheckedCopy:
    """A copy of the database, and what was found in it."""

    path: Path
    made_at: float
    report: CheckReport
    needless: Sequence[Path]
    """The journals without which it can be recovered, once the copy is a backup."""


def copy_and_check(files: DatabaseFiles, *, full: bool, patience: float) -> CheckedCopy:
    """Copy the database and check the copy, which is not on the disk yet when this returns.

    Args:
        files: where the database is, and where the copy goes.
        full: as `check` has it.
        patience: how many seconds another program may hold the database.

    Raises:
        OSError, sqlite3.Error: the database cannot be read, or the copy not be written; there is none then.
    """
    now = time.time()
    # In this order: what is committed meanwhile may be missing in the copy, and is neither missed nor forgotten.
    known = read_last_change(files.state)
    needless = begin_new(files.journal)
    try:
        _copy(files, patience)
        report = check(files.copy, known, full=full)
    except BaseException:
        remove_file(files.copy)
        raise
    return CheckedCopy(files.copy, now, report, needless)


def _copy(files: DatabaseFiles, patience: float) -> None:
    files.generations.mkdir(mode=0o700, exist_ok=True)
    remove_file(files.copy)  # an earlier start may have left one
    if not files.database.stat().st_size:
        raise sqlite3.DatabaseError("it is empty")  # a copy would be a database, and hide that
    # Opened to be read: a database that was not there must not come to be.
    source_uri = f"{files.database.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True, timeout=patience)) as source,
        closing(sqlite3.connect(files.copy)) as copy,
    ):
        files.copy.chmod(0o600)
        _give_to_owner(files.copy, files.data_dir)
        copy.execute("PRAGMA synchronous = OFF")  # whoever gives it a name that counts has it written to the disk
        source.backup(copy, progress=_refuse_to_wait)
        # By itself: a copy has no WAL beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _refuse_to_wait(status: int, remaining: int, total: int) -> None:
    """Give up where the driver would try again without an end."""
    if status & 0xFF in HELD:
        raise sqlite3.OperationalError("database is locked")


def _give_to_owner(copy: Path, data_dir: Path) -> None:
    """Give what root copies to the folder's owner now: once it has two names, nobody can tell whose file it is."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    owner = data_dir.stat()
    if owner.st_uid != 0:
        # Not every file system knows owners, and a backup is worth more than its owner.
        with suppress(OSError):
            os.chown(copy, owner.st_uid, owner.st_gid, follow_symlinks=False)
