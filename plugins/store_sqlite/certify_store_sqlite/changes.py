"""Numbers the changes of the database, and keeps the last number beside it.

A WAL that was deleted or torn takes commits with it, and SQLite says nothing: the database is as whole as it was before
them. A database whose last change is older than the one that is written here has lost some.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

from certify_core.api import write_atomically

_NUMBER, _DIGEST = 8, 8


class Changes:
    """Gives numbers that always grow, also when the clock is set back, and remembers the last one committed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._given = self._committed = read_last_change(path) or 0
        self._file: int | None = None

    def next(self) -> int:
        """Return the number of a change that begins: nanoseconds since the epoch, or one more than the last."""
        with self._lock:
            self._given = max(self._given + 1, time.time_ns())
            return self._given

    def not_before(self, number: int) -> None:
        """Give only numbers above `number` from now on."""
        with self._lock:
            self._given = max(self._given, number)

    def committed(self, number: int) -> None:
        """Remember a change that is in the database for good."""
        with self._lock:
            if number <= self._committed:
                return
            self._committed = number
            if self._file is None:
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
                self._file = os.open(self._path, flags, 0o600)
            # Not synced: after a power cut it may be older than the database, and that is no loss.
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _encoded(number))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def read_last_change(path: Path) -> int | None:
    """Return the last change that was committed; None if that is not known."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    number = int.from_bytes(content[:_NUMBER], "big")
    return number if content == _encoded(number) else None


def write_last_change(path: Path, number: int) -> None:
    """Say what the last change is; nobody may have the database open."""
    write_atomically(path, _encoded(number))


def _encoded(number: int) -> bytes:
    octets = number.to_bytes(_NUMBER, "big")
    return octets + hashlib.blake2b(octets, digest_size=_DIGEST).digest()
