"""Runs the command line until its standard input ends, and then has it stop as Ctrl+Break would.

Only a console can send Ctrl+Break to another process, and tests have none: so the process sends it to itself.
"""

from __future__ import annotations

import signal
import sys
import threading

from certify_core.cli.main import main


def break_at_end_of_input() -> None:
    """Wait for the end of standard input, and raise the signal of Ctrl+Break."""
    sys.stdin.read()
    signal.raise_signal(getattr(signal, "SIGBREAK", signal.SIGTERM))


if __name__ == "__main__":
    threading.Thread(target=break_at_end_of_input, daemon=True).start()
    main()
