"""Takes a damaged database out of the way, untouched, and puts the best one in its place that can be made.

The order bears being killed anywhere: the damaged file keeps its name until the new one takes it, and what was set
aside without a report was not finished and is read once more by the next recovery.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from certify_core.api import (
    Backup,
    Damage,
    LocalFault,
    RecoveryReport,
    RowFate,
    Source,
    replace_file,
    sync_folder,
    write_atomically,
)
from certify_store_sqlite.building import build
from certify_store_sqlite.changes import read_last_change, write_last_change
from certify_store_sqlite.check import check
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.generations import DATABASE, MANIFEST, OTHERS, fault_of
from certify_store_sqlite.journal import journals_of, rows_in
from certify_store_sqlite.merge import drop_orphans, merge
from certify_store_sqlite.rows import Rows
from certify_store_sqlite.salvage import by_sqlite, salvage
from certify_store_sqlite.schema import Schema, read_schema, saved_schema
from certify_store_sqlite.writing import INDEX

REPORT = "report.json"
Salvaged = tuple[Rows, list[RowFate]]
"""Rows, and what became of those that are not simply kept."""
DAMAGED_AT_MOST = 4
"""So many backups are read if none of them is whole: what is damaged in one is mostly whole in another."""


def recover(files: DatabaseFiles, backups: Sequence[Backup], damages: Sequence[Damage]) -> RecoveryReport:
    """Make the best database of what can be read of the damaged one and of the newest good backup.

    Raises:
        OSError, sqlite3.Error, CertifyError: it could not be done; the damaged files are where they were, and aside.
    """
    began = time.monotonic()
    aside = _set_aside(files, [files.database, files.wal])
    found, is_whole = _best_backups(files, backups)
    schemas = _schemas(files, found)
    if not schemas:
        return _begin_anew(files, aside, damages, began)
    built = files.database.with_name(".recovered.tmp")
    rows, fates = _built(built, schemas, lambda schema: _salvaged(files, schema, found, is_whole=is_whole))
    _take_place(files, built)
    is_covered = _are_rows_intact(damages) or (is_whole and _is_newest(files, found[0], backups))
    report = RecoveryReport(
        recovered_at=time.time(),
        damages=tuple(damages),
        set_aside=aside,
        backup_id=found[0].parent.name if found and found[0] != files.backup else None,
        rows={table: len(rows.of(table)) for table in rows.tables},
        sources=dict(Counter(version.source for _, _, version in rows.all())),
        fates=tuple(fates),
        complete=is_covered and _is_complete(files, rows, fates),
        seconds=time.monotonic() - began,
    )
    _finish(files, aside, report)
    return report


def restore(files: DatabaseFiles, backup: Backup) -> RecoveryReport:
    """Put a backup in the place of the database and of the other files that it has; what was there is set aside."""
    began = time.monotonic()
    # They go on from what is there now, and a later recovery must not bring that back.
    journals = journals_of(files.journal)
    others = [path for path in (backup.path / OTHERS).rglob("*") if path.is_file()]
    present = [files.data_dir / path.relative_to(backup.path / OTHERS) for path in others]
    aside = _set_aside(files, [files.database, files.wal, *journals, *present])
    copy = files.database.with_name(".recovered.tmp")
    _copy(backup.path / DATABASE, copy)
    for source, target in zip(others, present, strict=True):
        if not (target.exists() and target.samefile(source)):
            temporary = target.with_name(f".{target.name}.restored.tmp")
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, temporary)
            replace_file(temporary, target)
    _take_place(files, copy)
    for journal in journals:
        journal.unlink(missing_ok=True)
    report = RecoveryReport(
        recovered_at=time.time(),
        damages=(),
        set_aside=aside,
        backup_id=backup.id,
        rows=backup.rows,
        sources={Source.BACKUP: sum(backup.rows.values())},
        seconds=time.monotonic() - began,
    )
    _finish(files, aside, report)
    return report


def _schemas(files: DatabaseFiles, backups: Sequence[Path]) -> list[Schema]:
    """Return the schemas that there are, the likeliest first: that of the database itself may be damaged, too."""
    read = (read_schema(files.database), saved_schema(files.schema), *map(read_schema, backups))
    return list({schema.statements: schema for schema in read if schema is not None}.values())


def _built(path: Path, schemas: Sequence[Schema], salvaged: Callable[[Schema], Salvaged]) -> Salvaged:
    """Build a database by the schema that makes the most of what is there, and return its rows and their fates."""
    attempts = sorted(((schema, salvaged(schema)) for schema in schemas), key=lambda attempt: -len(attempt[1][0].all()))
    for schema, found in attempts[:-1]:
        with suppress(sqlite3.DatabaseError, LocalFault):
            return _built_by(path, schema, *found)
    schema, found = attempts[-1]
    return _built_by(path, schema, *found)


def _built_by(path: Path, schema: Schema, rows: Rows, fates: list[RowFate]) -> Salvaged:
    return rows, [*fates, *drop_orphans(rows, schema.parents), *build(path, schema, rows)]


def _salvaged(files: DatabaseFiles, schema: Schema, backups: Sequence[Path], *, is_whole: bool) -> Salvaged:
    salvaged = Rows(schema.tables)
    for folder in (files.data_dir, *_unfinished(files)):
        salvage(folder / files.database.name, folder / files.wal.name, salvaged)
    for table, row in rows_in(journals_of(files.journal)):
        if table in schema.tables:
            salvaged.add(table, row, Source.JOURNAL)
    if not backups:
        return merge(salvaged, None, 0)
    in_backup = Rows(schema.tables)
    for backup in backups:
        if is_whole:
            by_sqlite(backup, in_backup, Source.BACKUP)
        else:
            salvage(backup, backup.with_name("no WAL"), in_backup)
    newest = max((version.change for _, _, version in in_backup.all()), default=0)
    # What a whole backup lacks was deleted before it; what half a backup lacks tells nothing.
    return merge(salvaged, in_backup, newest if is_whole else 0)


def _is_complete(files: DatabaseFiles, rows: Rows, fates: Sequence[RowFate]) -> bool:
    """Return whether the last change is there, and what a backup gave was not changed since."""
    newest = max((version.change for _, _, version in rows.all()), default=0)
    known = read_last_change(files.state)
    from_backup = any(fate.source is Source.BACKUP for fate in fates)
    lost = any(fate.source is Source.NOWHERE for fate in fates)
    return known is not None and newest >= known and not lost and not (from_backup and not journals_of(files.journal))


def _are_rows_intact(damages: Sequence[Damage]) -> bool:
    """Return whether the database itself had every row, so that no backup is needed to say so."""
    return all(damage.code == INDEX for damage in damages)


def _is_newest(files: DatabaseFiles, used: Path, backups: Sequence[Backup]) -> bool:
    """Return whether no later backup was made: what an earlier one lacks was in it, and is not in the journal."""
    # A folder without a manifest is what a backup left that was killed: the journal goes back to the one before.
    finished = (backup.path for backup in backups if (backup.path / MANIFEST).exists())
    return used in (files.backup, next(finished, used.parent) / DATABASE)


def _best_backups(files: DatabaseFiles, backups: Sequence[Backup]) -> tuple[Sequence[Path], bool]:
    """Return the newest database that is what was backed up, or the newest of those that are not; and whether it is."""
    databases = [backup.path / DATABASE for backup in backups]
    for database in databases:
        if not fault_of(database.parent, [DATABASE]):
            return [database], True
    damaged = [path for path in (files.backup, *databases) if path.is_file()]
    if damaged[:1] == [files.backup] and _is_sound(files.backup):
        return damaged[:1], True
    return damaged[:DAMAGED_AT_MOST], False


def _is_sound(database: Path) -> bool:
    try:
        return check(database).sound
    except (OSError, sqlite3.Error):
        return False


def _begin_anew(files: DatabaseFiles, aside: Path, damages: Sequence[Damage], began: float) -> RecoveryReport:
    """Make room for an empty database: nothing is left of the old one that anybody could read."""
    files.wal.unlink(missing_ok=True)
    files.database.unlink(missing_ok=True)
    files.state.unlink(missing_ok=True)
    lost = RowFate("", "", Source.NOWHERE, "No row could be read, and there is no backup.")
    report = RecoveryReport(
        time.time(), tuple(damages), aside, None, {}, {}, (lost,), complete=False, seconds=time.monotonic() - began
    )
    _finish(files, aside, report)
    return report


def _set_aside(files: DatabaseFiles, paths: Iterable[Path]) -> Path:
    """Give files a second name in a new folder, or copy them there where that cannot be had."""
    files.damaged.mkdir(mode=0o700, exist_ok=True)
    for folder in _unfinished(files):
        earlier = folder / files.database.name
        if earlier.exists() and files.database.exists() and earlier.samefile(files.database):
            return folder  # a recovery that could not be finished, such as on a full disk, and is begun again
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = files.damaged / stamp
    folder.mkdir(mode=0o700)
    for path in paths:
        if path.is_file():
            target = folder / path.relative_to(files.data_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                _copy(path, target)
    sync_folder(folder)
    sync_folder(files.damaged)
    return folder


def _unfinished(files: DatabaseFiles) -> list[Path]:
    return [folder for folder in sorted(files.damaged.iterdir()) if not (folder / REPORT).exists()]


def _take_place(files: DatabaseFiles, built: Path) -> None:
    """Rename a database into place. An old WAL must never meet it: SQLite would take it for its own."""
    for path in (files.wal, files.shared_memory):
        path.unlink(missing_ok=True)
    sync_folder(files.data_dir)
    replace_file(built, files.database)
    sync_folder(files.data_dir)


def _finish(files: DatabaseFiles, aside: Path, report: RecoveryReport) -> None:
    """Say what the last change is now, and keep the report: from here on the recovery is done."""
    if files.database.exists():
        write_last_change(files.state, check(files.database, full=False).last_change)
    content = json.dumps(asdict(report), indent=2, default=str).encode()
    write_atomically(aside / REPORT, content)
    for folder in _unfinished(files):
        write_atomically(folder / REPORT, content)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
