"""Sends what waits, each channel for itself: one that fails is tried again later and holds up no other.

A message leaves the store when it was taken, or when it is a week old.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from certify_core.domain.notification import Waiting
from certify_core.engine.jobs import JobRunner
from certify_core.errors import CertifyError, NotFound
from certify_core.notifications.channels import ChannelKeeper
from certify_core.store import Store

WORKERS = 4
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0
"""Seconds before a message that was not taken is tried again; they double with each failure."""
TOO_OLD = 7 * 86_400.0
"""Seconds after which a message is of no use any more."""

_log = logging.getLogger(__name__)


class Delivery:
    """Brings the messages of every channel on their way."""

    def __init__(
        self, store: Store, keeper: ChannelKeeper, clock: Callable[[], float], *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._clock = clock
        self._first_pause = first_pause
        self._jobs = JobRunner(self._work, workers=WORKERS, name="notify", after_a_fault=LONGEST_PAUSE)

    def start(self) -> None:
        """Send what an earlier process has left, and then what comes."""
        self._jobs.start()
        self.go_on()

    def go_on(self) -> None:
        """Look after every channel for which something waits."""
        for channel_id in self._store.outbox.counts():
            self._jobs.submit(channel_id)

    def stop(self, timeout: float) -> None:
        """Send nothing more; what was not taken waits for the next start."""
        self._jobs.stop(timeout)

    def _work(self, channel_id: str) -> float | None:
        """Send the oldest message; return after how many seconds to go on."""
        try:
            channel = self._store.channels.get(channel_id)
        except NotFound:
            return None
        waiting = self._store.outbox.first(channel_id)
        if waiting is None or not channel.enabled:
            return None
        if waiting.written_at < self._clock() - TOO_OLD:
            _log.error("A message for the channel %s could not be sent for a week: %s", channel_id, waiting.message)
            self._store.outbox.remove(waiting.id)
            return 0.0
        try:
            self._keeper.send(channel, waiting.message)
        except CertifyError as error:
            return self._put_off(waiting, error)
        self._store.outbox.remove(waiting.id)
        return 0.0

    def _put_off(self, waiting: Waiting, error: CertifyError) -> float:
        if not waiting.failure_count:
            _log.warning("The channel %s does not work: %s", waiting.channel_id, error)
        self._store.outbox.fail(waiting.id, error.failure("notify"))
        return float(min(self._first_pause * 2 ** min(waiting.failure_count, 20), LONGEST_PAUSE))
