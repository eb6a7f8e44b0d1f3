"""What the service, the API and `certify db` call: check, backup, recovery of one database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from certify_core.api import Backup, CheckReport, Damage, ExportForm, LocalFault, NotFound, RecoveryReport, remove_file
from certify_store_sqlite import generations
from certify_store_sqlite.backup import make_backup
from certify_store_sqlite.changes import read_last_change
from certify_store_sqlite.check import check
from certify_store_sqlite.copying import CheckedCopy, copy_and_check
from certify_store_sqlite.export import export_json, export_sql
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.foreign import refuse_foreign
from certify_store_sqlite.key_file import KEY, put_key_back
from certify_store_sqlite.presence import Presence
from certify_store_sqlite.recovery import recover, restore
from certify_store_sqlite.writing import prove_writable

FULL_CHECK_EVERY = 86_400.0
"""Seconds after which a large database is checked in full again; a small one always is."""
SMALL = 32 << 20
"""Octets that are read in a blink."""
PATIENCE = 5.0
"""Seconds for which a file that another program holds is waited for."""
PAUSE = 0.1

START = "start"
"""The reason of the backup that is made once the store is open."""

T = TypeVar("T")


class SqliteCare:
    """Looks after the database of one data folder."""

    def __init__(self, files: DatabaseFiles) -> None:
        self._files = files
        self._presence = Presence((files.database, files.wal))
        self._missed: Sequence[Damage] = ()
        self._ready: CheckedCopy | None = None
        """What the backup of this start will be."""

    def prepare(self) -> RecoveryReport | None:
        """Check the database before it is opened, and recover it if it is damaged; else see that it can be written."""
        if not self._files.database.exists() and not self._files.backup.exists() and not self.backups():
            return None  # a data folder that is new
        refuse_foreign(self._files)
        self._put_key_back()
        if not self._files.database.exists():
            damages: Sequence[Damage] = [_gone(self._files.database)]
        else:
            damages = self._first_check(full=self._is_full_check_due()).damages
            if not damages:
                with _named(self._files.database, "written"):
                    damages = prove_writable(self._files, PATIENCE)
            if not damages:
                return None
        return self._recovered(damages)

    def check(self, *, full: bool = True) -> CheckReport:
        """Look at everything, or at what can be looked at quickly."""
        report = self._patiently(lambda: check(self._files.database, read_last_change(self._files.state), full=full))
        self._remember(report)
        return report

    def missed(self) -> Sequence[Damage]:
        """Return which files were removed or replaced under the open store."""
        self._missed = self._presence.missed()
        return self._missed

    def back_up(self, reason: str) -> Backup:
        """Make a backup, and let go of those too old to keep."""
        ready, self._ready = self._ready, None
        with _named(self._files.database, "backed up"):
            made = make_backup(self._files, reason, ready if reason == START else None)
        generations.prune(self.backups(), time.time())
        return made

    def backups(self) -> Sequence[Backup]:
        """Return the backups, the newest first."""
        return generations.listed(self._files.generations)

    def export(self, target: Path, *, form: ExportForm) -> None:
        """Write all rows to a new file."""
        with _named(self._files.database, "exported"):
            target.touch(0o600, exist_ok=False)
            try:
                (export_json if form is ExportForm.JSON else export_sql)(self._files.database, target)
            except BaseException:
                target.unlink()  # half of it is worse than none
                raise

    def restore(self, backup_id: str) -> RecoveryReport:
        """Put a backup in the database's place."""
        found = next((backup for backup in self.backups() if backup.id == backup_id), None)
        if found is None:
            raise NotFound(f"There is no backup {backup_id}.", "`certify db list` shows those that there are.")
        fault = found.fault or generations.fault_of(found.path)
        if fault:
            raise LocalFault(f"The backup {backup_id} cannot be used: {fault}", "Choose another: `certify db list`.")
        self._ready = None
        with _named(self._files.database, "restored"):
            return restore(self._files, found)

    def recover(self) -> RecoveryReport:
        """Make the best database of what can be read and the newest good backup."""
        self._put_key_back()
        taken = self._missed  # while the store was open: who closes it last removes the WAL
        exists = self._files.database.exists()
        damages = self.check().damages if exists else [_gone(self._files.database)]
        return self._recovered([*taken, *damages])

    def _recovered(self, damages: Sequence[Damage]) -> RecoveryReport:
        self._ready = None  # it is of the database that was
        with _named(self._files.database, "recovered"):
            return recover(self._files, self.backups(), damages)

    def _first_check(self, *, full: bool) -> CheckReport:
        """Check a copy, which need not be checked again to be a backup; the database itself where none can be made."""
        try:
            copied = copy_and_check(self._files, full=full, patience=0)
        except (OSError, sqlite3.Error, UnicodeDecodeError):
            return self.check(full=full)
        if copied.report.sound:
            self._ready = copied
        else:
            remove_file(copied.path)
        self._remember(copied.report)
        return copied.report

    def _remember(self, report: CheckReport) -> None:
        if report.full and report.sound:
            with suppress(OSError):  # it is checked once more than it need be, then
                self._files.checked.touch()

    def _put_key_back(self) -> None:
        """See that the master key is there before the store is opened again, which would make a new one."""
        with _named(self._files.data_dir / KEY, "put back"):
            put_key_back(self._files, self.backups())

    def _is_full_check_due(self) -> bool:
        if self._files.database.stat().st_size < SMALL:
            return True
        try:
            age = time.time() - self._files.checked.stat().st_mtime
        except OSError:
            return True
        return not 0 <= age < FULL_CHECK_EVERY

    def _patiently(self, act: Callable[[], T]) -> T:
        """Try again while another program holds the file; a scanner mostly lets go of it soon."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except (OSError, sqlite3.OperationalError) as error:
                if isinstance(error, FileNotFoundError) or time.monotonic() > deadline:
                    raise _fault(self._files.database, "read", error) from error
            time.sleep(PAUSE)


def _gone(database: Path) -> Damage:
    return Damage("no-database", f"{database.name} is gone.")


@contextmanager
def _named(file: Path, verb: str) -> Iterator[None]:
    """Say in words what the system or SQLite refuses."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _fault(file, verb, error) from error


def _fault(file: Path, verb: str, error: OSError | sqlite3.Error) -> LocalFault:
    what = "master key" if file.name == KEY else "database"
    return LocalFault(
        f"The {what} {file} cannot be {verb}: {error}.",
        "Check free disk space, whether the file system is read-only, and the permissions of the data folder, and that "
        "no other program holds its files.",
    )
