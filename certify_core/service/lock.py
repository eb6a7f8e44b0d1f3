"""One service on one data folder: a lock that the system takes back when its process ends, however it ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from certify_core.errors import LocalFault

LOCK_FILE = "service.lock"
PID_FILE = "service.pid"


class DataFolderLock:
    """Held while a service runs."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        # Given back by another thread than took it: who runs a service in a thread opens it in his own.
        self._lock = FileLock(data_dir / LOCK_FILE, thread_local=False)

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            LocalFault: another process has it; says which.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise LocalFault(
                f"The data folder {self._data_dir} is in use by another service (pid {self._holder()}).",
                "Stop that one first, or choose another folder with --data-dir.",
            ) from error
        except OSError as error:
            raise LocalFault(
                f"The lock {self._data_dir / LOCK_FILE} cannot be taken: {error.strerror or error}.",
                "Mend its permissions, or run the service as the owner of the data folder.",
            ) from error
        with suppress(OSError):  # it is for people alone; whether the folder takes files is looked at elsewhere
            (self._data_dir / PID_FILE).write_text(str(os.getpid()))

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def _holder(self) -> str:
        try:
            return (self._data_dir / PID_FILE).read_text().strip()
        except OSError:
            return "unknown"
