"""Ends of processes that get no chance to tidy up: SIGKILL, or what Windows has in its place."""

from __future__ import annotations

import os
import signal

SIGKILL = getattr(signal, "SIGKILL", 9)
"""Windows ends the process at once with this number as its exit code."""
KILLED = -SIGKILL if hasattr(signal, "SIGKILL") else SIGKILL
"""The exit code of a process that ended by `kill_this_process`, as `subprocess` tells it."""
TERMINATED = -SIGKILL if hasattr(signal, "SIGKILL") else 1
"""The exit code of a process that `Popen.kill` ended."""


def kill_this_process() -> None:
    """End here and now."""
    os.kill(os.getpid(), SIGKILL)
