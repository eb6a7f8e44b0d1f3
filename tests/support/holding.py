"""Another process of Windows that holds a file open and lets nobody else have it, as a virus scanner does.

    python -m tests.support.holding FILE

It says `held` when it has the file, and lets go when its standard input ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

GENERIC_READ = 0x80000000
SHARE_NOTHING = 0
OPEN_EXISTING = 3


@contextlib.contextmanager
def held(file: Path) -> Iterator[Callable[[], None]]:
    """Hold `file` in another process during the block, or until the function that it gives is called."""
    command = [sys.executable, "-m", "tests.support.holding", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.stdin.close
        process.stdin.close()


def main() -> None:
    """Hold the file that is named."""
    if sys.platform != "win32":
        raise SystemExit("Only Windows lets one process keep a file from all others.")
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateFileW.restype = ctypes.c_void_p
    handle = kernel.CreateFileW(sys.argv[1], GENERIC_READ, SHARE_NOTHING, None, OPEN_EXISTING, 0, None)
    if handle == ctypes.c_void_p(-1).value:
        raise ctypes.WinError(ctypes.get_last_error())
    print("held", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
