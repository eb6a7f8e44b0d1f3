"""Whether the store is what was written, when it was backed up last, and what a recovery has done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from certify_core.care import Backup, CheckReport, RecoveryReport
from certify_core.domain.finding import Finding, Severity
from certify_core.errors import CertifyError
from certify_core.health.check import NothingToFix

OLD = 2 * 86_400.0
"""Seconds after which the newest backup is an old one."""


class Upkept(Protocol):
    """A store that is looked after."""

    recovery: RecoveryReport | None
    failure: CertifyError | None

    @property
    def is_here(self) -> bool:
        """Whether the store is looked after by Certify."""

    def check(self, *, full: bool) -> CheckReport:
        """Check it."""

    def backups(self) -> Sequence[Backup]:
        """Return its backups, the newest first."""


class DatabaseCheck(NothingToFix):
    """Checks the store in full, and looks at its backups."""

    name = "database"
    title = "The database and its backups"

    def __init__(self, upkeep: Upkept, *, clock: Callable[[], float] = time.time) -> None:
        self._upkeep = upkeep
        self._clock = clock

    def run(self) -> list[Finding]:
        """Check it, unless it is looked after by others."""
        if not self._upkeep.is_here:
            return []
        return [*self._recovered(), *self._checked(), *self._backed_up()]

    def _recovered(self) -> Iterator[Finding]:
        report = self._upkeep.recovery
        if report is None:
            return
        sources = ", ".join(f"{number} rows from the {source}" for source, number in report.sources.items())
        if not report.damages and report.complete:
            evidence = f"{_moment(report.recovered_at)}: {sources or 'no rows'}."
            remedy = f"What was there before is in {report.set_aside}."
            yield Finding("database-replaced", Severity.NOTE, "The database was replaced as asked.", evidence, remedy)
            return
        damages = " ".join(damage.what for damage in report.damages)
        yield Finding(
            code="database-recovered" if report.complete else "database-incomplete",
            severity=Severity.NOTE if report.complete else Severity.ERROR,
            what="The database was damaged and has repaired itself."
            if report.complete
            else "The database was damaged, and what was written last may be lost.",
            evidence=f"{_moment(report.recovered_at)}: {damages} {sources or 'Nothing could be read'}.",
            remedy=f"The report and the damaged files are in {report.set_aside}. Look for a failing disk or memory."
            + ("" if report.complete else " Compare `certify list` with what should be there."),
        )

    def _checked(self) -> Iterator[Finding]:
        report = self._upkeep.check(full=True)
        rows = f"{sum(report.rows.values())} rows were read in {report.seconds:.1f} s."
        if report.sound:
            yield Finding("database", Severity.OK, "The database is what was written.", rows)
            return
        yield Finding(
            code="database-damaged",
            severity=Severity.ERROR,
            what="The database is damaged.",
            evidence=" ".join(damage.what for damage in report.damages),
            remedy="Run `certify db recover`, or restart the service: it repairs the database before it opens it.",
        )

    def _backed_up(self) -> Iterator[Finding]:
        failure = self._upkeep.failure
        if failure is not None:
            yield Finding("backup-failed", Severity.ERROR, "The last backup failed.", failure.cause, failure.remedy)
        good = [backup for backup in self._upkeep.backups() if not backup.fault]
        if not good:
            what = "There is no backup of the database yet."
            yield Finding("backup-missing", Severity.WARNING, what, "", "Make one: `certify db backup`.")
            return
        newest = f"The newest is of {_moment(good[0].made_at)}."
        if self._clock() - good[0].made_at > OLD:
            remedy = "See the finding above, or the service's log; make one: `certify db backup`."
            yield Finding("backup-old", Severity.WARNING, "The newest backup is old.", newest, remedy)
            return
        yield Finding("backup", Severity.OK, f"There are {len(good)} good backups.", newest)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
