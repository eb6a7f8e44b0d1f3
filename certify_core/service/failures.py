"""How often somebody may fail to sign in: so many times at once from one address, then one every few seconds.

Who is right is let in however many wrong tries came from the same address: on one machine all users share it. What is
limited is the answer to a wrong try. Measured by a clock that nobody can set; the table is bounded.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

AT_ONCE = 20
SECONDS_EACH = 3.0
"""After so long one more wrong try is answered as such."""
KEPT = 10_000
"""So many sources are remembered; the one that has been quiet for longest is forgotten first."""

_log = logging.getLogger(__name__)


class Failures:
    """Counts wrong tries by where they come from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent_until: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, source: Hashable) -> float:
        """Return for how many seconds wrong tries of a source are too many; 0.0 if they are not."""
        excess = self._spent_until.get(source, 0.0) - self._clock() - (AT_ONCE - 1) * SECONDS_EACH
        return max(0.0, excess)

    def failed(self, source: Hashable) -> None:
        """Note one wrong try."""
        now = self._clock()
        before = self.wait(source)
        full = now + AT_ONCE * SECONDS_EACH
        self._spent_until[source] = min(max(self._spent_until.get(source, now), now) + SECONDS_EACH, full)
        self._spent_until.move_to_end(source)
        if len(self._spent_until) > KEPT:
            self._spent_until.popitem(last=False)
        if not before and self.wait(source):
            _log.warning("Too many wrong tries to sign in from %s", source)
