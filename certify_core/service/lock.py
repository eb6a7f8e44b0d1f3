"""One service on one data folder: a lock that the system takes back when its process ends, however it ends."""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from certify_core.errors import LocalFault

LOCK_FILE = "service.lock"
PID_FILE = "service.pid"

_log = logging.getLogger(__name__)


class InUse(LocalFault):
    """Another process has the lock."""


class DataFolderLock:
    """Held while a service runs."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._path = data_dir / LOCK_FILE
        # By any thread: who runs a service in a thread opens it in his own, and what cannot be had is tried in another.
        self._lock = FileLock(self._path, thread_local=False)
        self._reading: int | None = None
        """The descriptor by which a file that cannot be written is locked."""

    def acquire(self) -> None:
        """Take the lock, unless it is held already.

        On a read-only file system a lock that was never made is nobody's and stays so: call this again when files can
        be made.

        Raises:
            LocalFault: it cannot be taken; `InUse` if another process has it.
        """
        if not self._lock.is_locked and self._reading is None:
            self._take()
        with suppress(OSError):  # it is for people alone; whether the folder takes files is looked at elsewhere
            (self._data_dir / PID_FILE).write_text(str(os.getpid()))

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
        if self._reading is not None:
            os.close(self._reading)
            self._reading = None

    def holder(self) -> str:
        """Return the process id of who has the lock; empty if nobody has, or that cannot be found out."""
        try:
            if not self._path.exists():
                return ""
            self._take()
        except InUse:
            return self._known_holder()
        except (LocalFault, OSError):
            return ""
        self.release()
        return ""

    def _take(self) -> None:
        try:
            try:
                self._lock.acquire(timeout=0)
            except OSError as error:
                if error.errno != errno.EROFS:
                    raise
                self._take_by_reading()
        except (Timeout, BlockingIOError) as error:
            raise InUse(
                f"The data folder {self._data_dir} is in use by another service (pid {self._known_holder()}).",
                "Stop that one first, or choose another folder with --data-dir.",
            ) from error
        except OSError as error:
            raise LocalFault(
                f"The lock {self._path} cannot be taken: {error.strerror or error}.",
                "Run `certify doctor --fix` as root, or run the service as the owner of the data folder.",
            ) from error

    def _take_by_reading(self) -> None:
        """Take the lock that is there by a descriptor that only reads: it excludes others just as well (flock(2))."""
        import fcntl  # where a file system can be read-only there is one

        with suppress(FileNotFoundError):
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            self._reading = descriptor

    def _known_holder(self) -> str:
        try:
            return (self._data_dir / PID_FILE).read_text().strip()
        except OSError:
            return "unknown"


def locked(data_dir: Path) -> DataFolderLock:
    """Return the lock of a data folder, taken; the log says it if that cannot be.

    Raises:
        LocalFault: as `DataFolderLock.acquire` does.
    """
    lock = DataFolderLock(data_dir)
    try:
        lock.acquire()
    except LocalFault as error:
        _log.error("No second service is started: %s", error)
        raise
    return lock
