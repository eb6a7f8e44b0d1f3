"""The care of the store while the service runs: backups and pruning at the start and daily, and what is known of it.

What needs the store closed (a recovery, a backup put back) is done by the service's host between two openings: when
somebody asks for it, and when files were taken away under the open store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from certify_core.care import Backup, CheckReport, RecoveryReport, StoreCare
from certify_core.errors import CertifyError, LocalFault, PolicyRefused, failure_of

DAY = 86_400.0
AFTER_A_FAILURE = 900.0
"""Seconds before a backup that failed is tried again."""
LOOK = 3.0
"""Seconds between two looks whether the store's files are still there."""

Act = Callable[[StoreCare], RecoveryReport]
"""What is done to a store that is closed."""

Prune = Callable[[Callable[[], bool]], object]
"""What takes out of a store what has no use any more, until it is told to stop."""

_log = logging.getLogger(__name__)


class Upkeep:
    """Looks after one store that is open; a store without care is left to those who look after it."""

    def __init__(
        self, care: StoreCare | None, recovery: RecoveryReport | None, while_closed: Callable[[Act], None]
    ) -> None:
        """`recovery` is what was done to the store before it was opened.

        `while_closed` has something done to the store between two openings, and returns at once.
        """
        self._care = care
        self._while_closed = while_closed
        self.recovery = recovery
        self.report: CheckReport | None = None
        """What the last check found; None before the first one."""
        self.failure: CertifyError | None = None
        """Why the last backup could not be made; None if it could."""
        self._prune: Prune = lambda _: None
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    @property
    def care(self) -> StoreCare:
        """What looks after the store.

        Raises:
            PolicyRefused: the storage plugin leaves that to others.
        """
        if self._care is None:
            raise PolicyRefused(
                "The store in use is not looked after by Certify.", "Check and back it up as its own manual says."
            )
        return self._care

    @property
    def is_here(self) -> bool:
        """Whether the store is looked after by Certify."""
        return self._care is not None

    def start(self, prune: Prune) -> None:
        """Make a backup and then prune, now and every day, without anybody waiting for it."""
        self._prune = prune
        self._thread.start()

    def close(self) -> None:
        """Make no more backups and prune no more; wait for what is under way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def check(self, *, full: bool) -> CheckReport:
        """Check the store."""
        self.report = self.care.check(full=full)
        return self.report

    def back_up(self, reason: str) -> Backup:
        """Make a backup; two at once take turns."""
        with self._busy:
            try:
                made = self.care.back_up(reason)
            except CertifyError as error:
                self.failure = error
                raise
            self.failure = None
        _log.info("Backup %s made (%s)", made.id, reason)
        return made

    def backups(self) -> Sequence[Backup]:
        """Return the backups, the newest first."""
        return self.care.backups()

    def _run(self) -> None:
        if self._care is not None:
            self._care.missed()  # from here on
        reason, due = "start", time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() >= due:
                backed_up = self._care is None or self._is_backed_up(reason)
                due = time.monotonic() + (DAY if backed_up else AFTER_A_FAILURE)
                reason = "daily"
                if backed_up:
                    self._prune_if_possible()
            if self._care is not None and (missed := self._care.missed()):
                _log.error("%s It is repaired now.", " ".join(damage.what for damage in missed))
                self._while_closed(lambda care: care.recover())
                return
            self._stop.wait(LOOK)

    def _is_backed_up(self, reason: str) -> bool:
        """Make a backup and return whether that was possible."""
        try:
            self.back_up(reason)
        except Exception as error:
            failure = failure_of(error)
            self.failure = self.failure or LocalFault(failure.cause, failure.remedy)
            _log.error("No backup was made: %s", failure, exc_info=not isinstance(error, CertifyError))
            return False
        return True

    def _prune_if_possible(self) -> None:
        try:
            self._prune(self._stop.is_set)
        except Exception as error:
            _log.error("Nothing was pruned: %s", failure_of(error), exc_info=not isinstance(error, CertifyError))


def tell(report: RecoveryReport) -> None:
    """Say in the log what a recovery has done."""
    found = " ".join(damage.what for damage in report.damages)
    rows = ", ".join(f"{number} from the {source}" for source, number in report.sources.items()) or "none"
    _log.error(
        "The store was recovered in %.1f s. %s Rows: %s. %s The damaged files are in %s.",
        time.time() - report.recovered_at + report.seconds,
        found,
        rows,
        "Nothing is known to be lost." if report.complete else "Not everything could be recovered.",
        report.set_aside,
    )
