"""What a store that can look after itself offers: checks, backups, recovery; and what it says of them.

A protocol beside `StoreProvider`: a store without it (a database server that others look after) is as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from certify_core.contracts import PluginContext


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong with a database."""

    code: str
    """Names the kind for machines, such as ``rows-changed``."""
    what: str
    """A sentence that names the file or table, and what was seen."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check has found."""

    checked_at: float
    """Seconds since the epoch."""
    full: bool
    """Whether everything was looked at that can be."""
    rows: Mapping[str, int]
    """How many rows were read of each table."""
    last_change: int
    """The number of the last change in the database."""
    damages: tuple[Damage, ...] = ()
    """Empty: it is as it was written."""
    seconds: float = 0.0
    """How long it took."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damages


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of the database and of what belongs to it."""

    id: str
    """The moment it was made, ``20260131T235959Z``; with a number behind it if there are several."""
    made_at: float
    """Seconds since the epoch."""
    reason: str
    """``start``, ``daily``, ``asked`` or ``before recovery``."""
    path: Path
    """Its folder."""
    octets: int
    rows: Mapping[str, int]
    last_change: int
    fault: str = ""
    """Why it cannot be used; empty if it can."""


class ExportForm(StrEnum):
    """How an export is written."""

    SQL = "sql"
    JSON = "json"


class Source(StrEnum):
    """Where a row of a recovered database comes from."""

    DATABASE = "database"
    """From the damaged database, as it was."""
    FRAGMENTS = "fragments"
    """Found on pages of the damaged files that nothing leads to any more."""
    JOURNAL = "journal"
    """From what is kept of every change since the last backup."""
    BACKUP = "backup"
    """From a backup: as it was when that was made."""
    NOWHERE = "nowhere"
    """It is known to have been there, and is lost."""


@dataclass(frozen=True, slots=True)
class RowFate:
    """What became of one row that was not simply kept."""

    table: str
    key: str
    """Its primary key, as JSON."""
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What a recovery has done."""

    recovered_at: float
    """Seconds since the epoch."""
    damages: tuple[Damage, ...]
    """Why."""
    set_aside: Path | None
    """The folder with the damaged files, untouched; None if there were none."""
    backup_id: str | None
    """The backup that was used."""
    rows: Mapping[str, int]
    """How many rows each table has now."""
    sources: Mapping[Source, int] = field(default_factory=dict)
    """How many rows came from where."""
    fates: tuple[RowFate, ...] = ()
    """The rows that are not simply what they were."""
    complete: bool = True
    """Whether nothing is known to be lost or older than it was."""
    seconds: float = 0.0


@runtime_checkable
class StoreCare(Protocol):
    """Looks after a store.

    `check`, `missed`, `back_up`, `backups` and `export` may be called while it is open, the others may not.

    Guarantees: a damaged database never takes the place of a good backup; damaged files are set aside and never
    changed; whatever is killed in between leaves what was there before or what is there afterwards.
    """

    def prepare(self) -> RecoveryReport | None:
        """Before the store is opened: check it, and recover it if it is damaged. None: it is sound and can be written.

        Raises:
            CertifyError: neither can be done, such as on a full disk.
        """

    def check(self, *, full: bool = True) -> CheckReport:
        """Look at everything, or at what can be looked at quickly. Changes nothing.

        Raises:
            CertifyError: the database cannot be read for now, such as because somebody holds it.
        """

    def missed(self) -> Sequence[Damage]:
        """Return which files somebody has removed or replaced under the open store; empty: none.

        Asked every few seconds, so it costs next to nothing. What it names is repaired by `recover`.
        """

    def back_up(self, reason: str) -> Backup:
        """Make a backup of the store and of the data folder's other files, and let go of those too old to keep.

        Raises:
            CertifyError: it cannot be made, or the database is damaged; earlier backups stay.
        """

    def backups(self) -> Sequence[Backup]:
        """Return the backups, the newest first; those that cannot be used say why."""

    def restore(self, backup_id: str) -> RecoveryReport:
        """Put a backup in the store's place; what was there is set aside.

        Raises:
            NotFound: there is no such backup.
            CertifyError: it is damaged, or cannot be put there; what was there stays.
        """

    def export(self, target: Path, *, form: ExportForm) -> None:
        """Write all rows to a new file; what is sealed in the store stays sealed in it.

        Raises:
            CertifyError: the store cannot be read, or the file not be written.
        """

    def recover(self) -> RecoveryReport:
        """Make the best database of what can be read and the newest good backup, even if no check finds damage."""


@runtime_checkable
class CaredStore(Protocol):
    """A `StoreProvider` that can look after its store."""

    def care(self, context: PluginContext) -> StoreCare:
        """Return what looks after the store that `open` would open."""
