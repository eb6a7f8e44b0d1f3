"""Compares what does not work with what people know of, and has the difference told.

Certificates are looked at soon after something has happened to one of them; all else after every health check. What
happens at the same time is one message, so that a thousand failures are no thousand messages.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from certify_core.domain.finding import Finding
from certify_core.domain.letters import letter, summary
from certify_core.domain.news import news
from certify_core.domain.notification import Channel
from certify_core.engine.events import Event, EventKind, Events
from certify_core.errors import CertifyError
from certify_core.health.certificates import CertificatesCheck
from certify_core.health.checkup import Report
from certify_core.notifications.delivery import Delivery
from certify_core.store import Store

GATHER = 5.0
"""Seconds for which more is waited for, after something has happened."""
LOOK = 15.0
"""Seconds after which is looked whether health was checked, or a summary is due."""
WEEK = 7 * 86_400.0
ENDING = 10
"""So many certificates that end first are named in a summary."""
_FAR = float("inf")
_TELLING = {EventKind.FAILED, EventKind.DEPLOYMENT_FAILED, EventKind.SETTLED}

_log = logging.getLogger(__name__)


class Teller:
    """One thread that has people told."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        report: Callable[[], Report | None],
        machine: str,
        clock: Callable[[], float] = time.time,
        *,
        gather: float = GATHER,
        look: float = LOOK,
    ) -> None:
        """`report` gives what was found when health was checked last."""
        self._store = store
        self._delivery = delivery
        self._report = report
        self._machine = machine
        self._clock = clock
        self._gather = gather
        self._look = look
        self._certificates = CertificatesCheck(store, clock=clock, shown=sys.maxsize)
        self._seen: Report | None = None
        self._happened = threading.Event()
        self._happened.set()  # who knows what an earlier process has not told
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tell", daemon=True)

    def listen_to(self, events: Events) -> None:
        """Look at the certificates soon after something has happened."""
        events.subscribe(self._hear)

    def start(self) -> None:
        """Begin."""
        self._delivery.start()
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Tell nothing more; what is not told yet the next start tells."""
        self._stop.set()
        self._happened.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
            self._delivery.stop(timeout)

    def _hear(self, event: Event) -> None:
        if event.kind in _TELLING:
            self._happened.set()

    def _run(self) -> None:
        rest = self._gather
        while not self._stop.is_set():
            happened = self._happened.wait(self._look)
            if self._stop.wait(rest if happened else 0.0):
                return
            self._happened.clear()
            began = time.monotonic()
            try:
                self._tell_news(certificates=happened)
                self._summarise()
                self._delivery.go_on()  # a channel may have been enabled
            except CertifyError as error:
                _log.error("Nobody could be told what does not work: %s", error)
                self._happened.set()
            except Exception:
                _log.exception("Nobody could be told what does not work")
            # Looking at very many certificates must not become the service's main work.
            rest = max(self._gather, 10 * (time.monotonic() - began))

    def _tell_news(self, *, certificates: bool) -> None:
        report = self._report()
        if report is not None and report is not self._seen:
            mine = self._certificates.name
            others = [finding for finding in report.findings if finding.check != mine]
            self._compare(others, report.checked - {mine}, complete=False)
            self._seen = report
            certificates = True  # one that nobody renews ends without an event
        if certificates:
            name = self._certificates.name
            findings = [_of(name, finding) for finding in self._certificates.run()]
            self._compare(findings, {name}, complete=True)

    def _compare(self, findings: Iterable[Finding], checked: Collection[str], *, complete: bool) -> None:
        now = self._clock()
        new = news(self._store.outbox.troubles(), findings, checked, now, complete=complete)
        if not new.come and not new.gone:
            return
        letters = {channel.id: letter(new, self._machine, least=channel.least) for channel in self._channels()}
        self._store.outbox.tell(new, {id_: message for id_, message in letters.items() if message}, now)

    def _summarise(self) -> None:
        now = self._clock()
        due = [channel.id for channel in self._channels() if channel.summary and channel.summary_at + WEEK <= now]
        if not due:
            return
        ending = [(name, at) for _, name, at in self._store.inspection.ending(_FAR, ENDING)]
        counts = self._store.certificates.count_by_status()
        message = summary(self._machine, counts, ending, list(self._store.outbox.troubles().values()))
        self._store.outbox.summarise(dict.fromkeys(due, message), now)

    def _channels(self) -> list[Channel]:
        return [channel for channel in self._store.channels.all() if channel.enabled]


def _of(check: str, finding: Finding) -> Finding:
    return replace(finding, check=check)
