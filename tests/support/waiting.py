"""Waiting for what another process does, where there is nothing to be awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def eventually(true: Callable[[], bool], *, within: float = 30.0, every: float = 0.05) -> None:
    """Return when `true` does, asked every so many seconds; raise AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, f"not so within {within} s"
        pause.wait(every)
