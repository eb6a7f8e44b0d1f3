"""Makes one backup: of the database by SQLite's backup API, then of all else in the data folder.

The database comes first: what it refers to (the folders of certificates) is written before it and never changed, so
it is there when that is copied. A copy that is not sound never gets a name that anybody reads.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from certify_core.api import Backup, LocalFault, remove_file, remove_leftovers, replace_file, sync_folder
from certify_store_sqlite.copying import CheckedCopy, copy_and_check
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.generations import DATABASE, OTHERS, Manifest, digest_of, new_folder
from certify_store_sqlite.schema import read_schema

IMMUTABLE = "assets"
"""The folder whose files are never changed: a second name for one is as good as a copy."""
LEFT_OUT = {"logs", "backups", "damaged", "av_checks", "api.token", "service.lock", "service.pid"}
"""What is not worth a backup, or must not be put back: a token is made anew."""
PATIENCE = 5.0
"""Seconds for which a database that another program holds is waited for."""


def make_backup(files: DatabaseFiles, reason: str, ready: CheckedCopy | None = None) -> Backup:
    """Make a backup and return it; `ready` is a copy that was made for it.

    Raises:
        LocalFault: the database is damaged; the backups stay as they are.
        OSError, sqlite3.Error: it cannot be read, or the copy not be written.
    """
    copied = ready or copy_and_check(files, full=False, patience=PATIENCE)
    folder = new_folder(files.generations, copied.made_at)
    try:
        _take(copied, folder / DATABASE)
        digests = {DATABASE: digest_of(folder / DATABASE), **dict(_copied_others(files.data_dir, folder))}
        report = copied.report
        Manifest(copied.made_at, reason, report.rows, report.last_change, digests).write(folder)
        sync_folder(files.generations)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _take_as_newest(files, folder / DATABASE)
    if (schema := read_schema(folder / DATABASE)) is not None:
        schema.save(files.schema)
    for journal in copied.needless:
        journal.unlink(missing_ok=True)
    octets = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Backup(folder.name, copied.made_at, reason, folder, octets, report.rows, report.last_change)


def _take(copied: CheckedCopy, target: Path) -> None:
    """Make a copy that is sound a backup's.

    Raises:
        LocalFault: it is not sound; it is gone then.
    """
    if copied.report.damages:
        remove_file(copied.path)
        raise LocalFault(
            f"The database is damaged, so it is not backed up: {copied.report.damages[0].what}",
            "The service repairs it when it starts again; or see `certify db recover`.",
        )
    _sync(copied.path)
    replace_file(copied.path, target)


def _take_as_newest(files: DatabaseFiles, copy: Path) -> None:
    """Give the newest backup its well-known name, by a second name for the same file where that can be had."""
    remove_leftovers(files.backup)
    temporary = files.backup.with_name(f".{files.backup.name}.00000000.tmp")
    _linked_or_copied(copy, temporary)
    replace_file(temporary, files.backup)
    sync_folder(files.data_dir)


def _copied_others(data_dir: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Copy all else, and return the digest of each copy by its path in the generation."""
    for source in sorted(_others(data_dir)):
        name = f"{OTHERS}/{source.relative_to(data_dir).as_posix()}"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            if source.relative_to(data_dir).parts[0] == IMMUTABLE and _linked_or_copied(source, target):
                continue
            if not target.exists():
                shutil.copy2(source, target)
                _sync(target)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        yield name, digest_of(target)


def _others(data_dir: Path) -> Iterator[Path]:
    for entry in data_dir.iterdir():
        if entry.name in LEFT_OUT or entry.name.startswith((".", "manageditems.")):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from (file for file in entry.rglob("*") if file.is_file() and not file.is_symlink())
        elif entry.is_file() and not entry.is_symlink():
            yield entry


def _linked_or_copied(source: Path, target: Path) -> bool:
    """Give a file a second name, or copy it; return whether it was the former."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        # Not every file system has second names, and some only so many.
        shutil.copy2(source, target)
        _sync(target)
        return False
    return True


def _sync(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
