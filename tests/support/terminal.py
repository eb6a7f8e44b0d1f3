"""A terminal for a command: what it prints there, colours and all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

COLOUR = "\x1b[3"
"""How a terminal is told to use one of eight colours (ECMA-48 section 8.3.117)."""


def on_a_terminal(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run the command line with a terminal as its standard output; return what came there."""
    import pty  # Windows has none

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "certify_core.cli", *arguments]
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "200", **environment}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=variables) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        process.wait(60)
    os.close(ours)
    return shown.decode()


def _read(terminal: int) -> bytes:
    """Return what has come, nothing once the other side has hung up (which Linux tells as EIO)."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
