"""Has health checked by itself: when the service starts, every day, whenever it is told to, and when a glance differs.

With an address for heartbeats it tells that address every few minutes how things stand: the address itself while all
is well, and with ``/fail`` at its end while there is an error, as healthchecks.io and its like understand it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from certify_core.domain.finding import Severity
from certify_core.health.checkup import Checkup, Report

DAY = 86_400.0
MINUTE = 60.0
BEAT = 300.0
"""Seconds between two heartbeats."""
PATIENCE = 10.0
"""Seconds that a heartbeat may take."""

_log = logging.getLogger(__name__)


class HealthWatch:
    """One thread that runs a checkup."""

    def __init__(
        self,
        checkup: Checkup,
        heartbeat_url: str = "",
        *,
        every: float = DAY,
        beat: float = BEAT,
        glance: Callable[[], object] = lambda: None,
        glances: float = MINUTE,
    ) -> None:
        """`every`, `beat` and `glances` are the seconds between checks, between heartbeats and between glances.

        What `glance` returns is compared with what it returned before: if it differs, health is checked at once.
        """
        self.checkup = checkup
        self._url = heartbeat_url
        self._every = every
        self._beat = beat
        self._glance = glance
        self._glances = glances
        self._wake = threading.Event()
        self._stopping = False
        self._told: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    @property
    def report(self) -> Report | None:
        """What was found last; None before the first time."""
        return self.checkup.report

    def start(self) -> None:
        """Check for the first time, without anybody waiting for it; begun once is begun."""
        if self._thread.ident is None:
            self._thread.start()

    def look_after(self, checkup: Checkup) -> None:
        """Run these checks from now on, at once for the first time."""
        self.checkup = checkup
        self._wake.set()

    def stop(self) -> None:
        """Check no more; a check under way is left alone: it changes nothing."""
        self._stopping = True
        self._wake.set()

    def _run(self) -> None:
        check_due = beat_due = time.monotonic()
        seen: object = None
        while not self._stopping:
            seen, before = self._glance(), seen
            if time.monotonic() >= check_due or self._wake.is_set() or seen != before:
                self._wake.clear()
                self._check()
                check_due = time.monotonic() + self._every
                beat_due = time.monotonic()  # what has changed is told at once
            if self._url and time.monotonic() >= beat_due:
                self._tell()
                beat_due = time.monotonic() + self._beat
            self._wake.wait(min(self._glances, self._beat, self._every))

    def _check(self) -> None:
        """Check, and log what is new."""
        report = self.checkup.run()
        bad = {
            (finding.code, finding.subject): finding
            for finding in report.findings
            if finding.severity in {Severity.WARNING, Severity.ERROR}
        }
        for item in bad.keys() - self._told:
            finding = bad[item]
            _log.warning("Health: %s %s %s", finding.what, finding.evidence, finding.remedy)
        self._told = set(bad)

    def _tell(self) -> None:
        import urllib3

        report = self.report
        well = report is None or report.worst is not Severity.ERROR
        try:
            answer = urllib3.request(
                "GET", self._url if well else f"{self._url.rstrip('/')}/fail", timeout=PATIENCE, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            # Neither the address nor the error's text: whoever knows the address can silence the alarm.
            _log.warning("The heartbeat could not be sent: %s", type(error).__name__)
        else:
            if answer.status >= 300:
                _log.warning("The heartbeat was answered with %d", answer.status)
