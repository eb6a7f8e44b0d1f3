"""Pebble as a process of its own, so that it can be run where its caller is not: in a Windows machine's network.

    python -m tests.support.pebble_process FOLDER HTTP_PORT

prints the address of its directory when it answers, and runs until standard input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.pebble import Pebble

if __name__ == "__main__":
    with Pebble(Path(sys.argv[1]), http_port=int(sys.argv[2])) as pebble:
        print(pebble.directory, flush=True)
        sys.stdin.read()
