"""What time it is, also when this machine's clock is wrong.

Every answer of an authority carries its time. Where our clock is off by more than an hour, we go by the
authority's time and the seconds that have passed since: so a clock that jumps forward renews nothing a year early,
and one that jumps back misses nothing. Jumps are logged when they are noticed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

TOLERANCE = 3600.0
"""Seconds that our clock and an authority's may differ."""
JUMP = 60.0
"""Seconds that the clock may gain or lose between two looks before it is called a jump."""
TRUSTED_FOR = 86_400.0
"""Seconds for which an authority's time is good; then it is asked again before the next order."""

_log = logging.getLogger(__name__)


def steady_seconds() -> float:
    """Return seconds that pass evenly, also while the machine sleeps, wherever the clock is set."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Clock:
    """Gives the time in seconds since the epoch."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady_seconds) -> None:
        self._wall = wall
        self._steady = steady
        self._last = (wall(), steady())
        self._known: tuple[float, float] | None = None
        self._off = False

    def __call__(self) -> float:
        """Return the time."""
        wall, steady = self._wall(), self._steady()
        self._notice_jump(wall, steady)
        if self._known is None:
            return wall
        known, then = self._known
        expected = known + steady - then
        self._notice_error(wall - expected)
        return expected if self._off else wall

    @property
    def is_confirmed(self) -> bool:
        """Whether an authority has told the time within the last day."""
        return self._known is not None and self._steady() - self._known[1] < TRUSTED_FOR

    def learn(self, authority_time: float | None) -> None:
        """Hear what time it is at an authority, right now."""
        if authority_time is not None:
            self._known = (authority_time, self._steady())

    def _notice_jump(self, wall: float, steady: float) -> None:
        last_wall, last_steady = self._last
        self._last = (wall, steady)
        jump = (wall - last_wall) - (steady - last_steady)
        if abs(jump) > JUMP:
            _log.warning("This machine's clock jumped by %+.0f seconds", jump)

    def _notice_error(self, error: float) -> None:
        off = abs(error) > TOLERANCE
        if off and not self._off:
            _log.warning(
                "This machine's clock is off by %+.0f seconds; Certify goes by its authority's time. Set the clock, "
                "or mend its synchronisation.",
                error,
            )
        self._off = off
