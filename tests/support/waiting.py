"""Waiting for what another process does, where there is nothing to be awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_POLL_SECONDS = 0.05


def eventually(true: Callable[[], bool], *, within: float = 30.0) -> None:
    """Return when `true` does; raise AssertionError if that takes longer than `within` seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, f"not so within {within} s"
        pause.wait(_POLL_SECONDS)
