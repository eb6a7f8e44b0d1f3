"""Keeps the WAL nearly empty: what is committed is copied into the database file right afterwards.

What lies in the WAL alone is lost with it, so nothing should lie there for long. It is done beside the commits, by a
connection of its own that makes nobody wait (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

REST = 0.25
"""Seconds between two checkpoints: many commits in a row share one."""
EMPTYING = 30.0
"""Seconds of quiet after which the WAL's file is emptied too."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """Empties the WAL of one database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._committed = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wanted(self) -> None:
        """Say that something was committed; the thread begins with the first time."""
        if not self._committed.is_set():
            self._committed.set()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._starting:
            self._stop.set()
            self._committed.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            while not self._stop.is_set():
                quiet = not self._committed.wait(EMPTYING)
                self._committed.clear()
                self._checkpoint(connection, "TRUNCATE" if quiet else "PASSIVE")
                if quiet:
                    self._committed.wait()
                self._stop.wait(REST)

    def _checkpoint(self, connection: sqlite3.Connection, mode: str) -> None:
        try:
            connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except sqlite3.Error as error:
            # Nothing is lost: it is all in the WAL, and is copied after the next commit or at the next start.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:  # somebody reads, or closes the database
                _log.warning("The WAL of %s could not be emptied: %s", self._path, error)
