"""Applies a folder whenever it changes: at the start, and when a change has come to rest.

The system tells of changes (watchfiles), and what it does not tell, as on a network drive, is found by looking at the
files' times every few seconds. Files are read when nobody has written for a moment, so that none is read in the middle.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from certify_core.configuration.applying import Applied, Configuration, Wishes
from certify_core.configuration.lookup import with_secrets
from certify_core.configuration.reading import Stamps, read, source_of, stamps_of
from certify_core.configuration.sources import InvalidDocuments
from certify_core.errors import CertifyError, failure_of

if TYPE_CHECKING:
    from watchfiles import Change

SETTLE = 1.0
"""Seconds without a change after which files are taken to be whole."""
LOOK_AGAIN = 15.0
"""Seconds between two looks at the files' times."""
TRY_AGAIN = 300.0
"""Seconds before something that failed is tried again."""
STOP_TIMEOUT = 5.0
_log = logging.getLogger(__name__)


class FolderWatch:
    """One thread that applies one folder."""

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        *,
        prune: bool,
        told: Callable[[Applied | None], None] = lambda applied: None,
        settle: float = SETTLE,
    ) -> None:
        """Apply `folder`; `told` is called whenever that was tried, with what was done or None if it could not be."""
        self._configuration = configuration
        self.folder = folder
        self._prune = prune
        self._told = told
        self._settle = settle
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="configuration", daemon=True)
        self.applied: Applied | None = None
        """What was done last; None before the first time."""
        self.obstacle: CertifyError | None = None
        """Why the folder as a whole cannot be applied; None if it can."""

    def start(self) -> None:
        """Apply it now and whenever it changes."""
        self._thread.start()

    def stop(self) -> None:
        """Apply it no more; one that is being applied is waited for."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:
                self._hindered(error)
                self._stop.wait(LOOK_AGAIN)

    def _follow(self) -> None:
        """Apply it again and again, until it cannot be watched."""
        last: Stamps | None = None
        again = 0.0
        for _ in self._changes():
            stamps = self._settled()
            if self._stop.is_set():
                return
            if stamps == last and time.monotonic() < again:
                continue
            while not self._apply(stamps) and not self._stop.is_set():
                stamps = self._settled()
            last = stamps
            again = time.monotonic() + TRY_AGAIN if self._has_failed() else float("inf")

    def _changes(self) -> Iterator[set[tuple[Change, str]]]:
        """Yield at once, after every change, and every few seconds."""
        from watchfiles import watch

        stamps_of(self.folder)
        yield set()
        yield from watch(
            self.folder,
            stop_event=self._stop,
            yield_on_timeout=True,
            rust_timeout=int(LOOK_AGAIN * 1000),
            ignore_permission_denied=True,
        )

    def _settled(self) -> Stamps:
        """Return the files' times once they stay the same."""
        before = stamps_of(self.folder)
        while not self._stop.wait(self._settle):
            after = stamps_of(self.folder)
            if after == before:
                break
            before = after
        return before

    def _apply(self, stamps: Stamps) -> bool:
        """Return whether that is done; it is not if somebody wrote while the files were read, who is waited for."""
        applied: Applied | None = None
        try:
            reading = read(self.folder)
            if stamps_of(self.folder) != stamps:
                return False
            reading = with_secrets(reading, self.folder)
            wishes = Wishes(source=source_of(self.folder), documents=reading.documents, prune=self._prune)
            applied = self.applied = self._configuration.apply(wishes, left_out=reading.problems)
            self.obstacle = None
        except InvalidDocuments as error:
            applied = self.applied = Applied(steps=[], problems=error.problems)
            self.obstacle = error
        except CertifyError as error:
            self._hindered(error)
        for problem in applied.problems if applied else ():
            _log.warning("%s", problem)
        self._told(applied)
        return True

    def _hindered(self, error: Exception) -> None:
        failure = failure_of(error)
        if self.obstacle is None or str(self.obstacle) != str(error):
            _log.error("The folder %s is not applied: %s", self.folder, failure, exc_info=not _is_ours(error))
        self.obstacle = error if isinstance(error, CertifyError) else CertifyError(failure.cause, failure.remedy)

    def _has_failed(self) -> bool:
        if self.obstacle is not None or self.applied is None:
            return True
        return any(step.failure for step in self.applied.steps) or bool(self.applied.problems)


def _is_ours(error: Exception) -> bool:
    return isinstance(error, CertifyError)
