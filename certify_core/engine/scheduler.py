"""Takes up what is due, at the very moment it is due.

It sleeps until the next due moment in the store and is woken when something changes. It looks again at least every
minute, so that a clock that was set, or a machine that was asleep, is noticed.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from certify_core.engine.jobs import JobRunner
from certify_core.store import Store

LONGEST_SLEEP = 60.0
"""Seconds."""
AFTER_A_FAULT = 5.0
"""Seconds before a store that failed is asked again."""

_log = logging.getLogger(__name__)


class Scheduler:
    """One thread that claims due work and submits it."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        *,
        renewals: JobRunner,
        deployments: JobRunner,
        windows: JobRunner,
        after_a_fault: float = AFTER_A_FAULT,
    ) -> None:
        self._store = store
        self._after_a_fault = after_a_fault
        self._clock = clock
        self._renewals = renewals
        self._deployments = deployments
        self._windows = windows
        self._wake = threading.Event()
        self._next_look = math.inf
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def expect(self, moment: float | None) -> None:
        """Know of something that is due at `moment`, if that is before the next look."""
        if moment is not None and moment < self._next_look:
            self._wake.set()

    def stop(self, timeout: float) -> None:
        """Claim nothing more."""
        self._stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._next_look = math.inf
            try:
                sleep = self._claim()
            except Exception:
                _log.exception("Due work could not be read; the next look is in %s s", self._after_a_fault)
                sleep = self._after_a_fault
            self._next_look = self._clock() + sleep
            self._wake.wait(sleep)

    def _claim(self) -> float:
        """Submit all that is due and there is room for; return the seconds until the next look."""
        now = self._clock()
        schedule = self._store.schedule
        for certificate_id in schedule.claim_due(now, self._renewals.room):
            self._renewals.submit(certificate_id)
        for deployment_id in schedule.claim_due_deployments(now, self._deployments.room):
            self._deployments.submit(deployment_id)
        reading = self._claim_windows(now)
        if not self._renewals.room or not self._deployments.room:
            # Who makes room wakes us.
            return LONGEST_SLEEP
        moments = [moment for moment in (schedule.next_moment(), reading) if moment is not None]
        return min(max(min(moments) - self._clock(), 0.0), LONGEST_SLEEP) if moments else LONGEST_SLEEP

    def _claim_windows(self, now: float) -> float | None:
        """Have the renewal windows read that are due; return when the next is, None while there is no room for it."""
        moment = self._store.windows.next_moment()
        if moment is not None and moment <= now:
            for certificate_id in self._store.windows.claim_due(now, self._windows.room):
                self._windows.submit(certificate_id)
            moment = self._store.windows.next_moment()
        return moment if self._windows.room else None
