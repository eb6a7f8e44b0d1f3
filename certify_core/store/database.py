"""Transactions on the database that a storage plugin opened: many readers, one writer at a time.

A write holds a lock of this process: SQLite lets one in at a time anyway, and waiting in line is fairer and cheaper
than its retries. What the database refuses becomes a `LocalFault`; nothing of a failed transaction stays.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from certify_core.errors import LocalFault
from certify_core.files import refusal

WRITES = "certify_writes"
"""Execution option on connections that will write, for a plugin whose database wants to know at the beginning."""


Also = Callable[[Connection], None]
"""Writes something more in the transaction of a change."""


def nothing_more(_: Connection) -> None:
    """Write nothing more."""


class Database:
    """The engine with the rules for its use."""

    def __init__(self, engine: Engine, data_dir: Path | None = None) -> None:
        """`data_dir` is a folder on the disk of the database, if it is known: it tells more of what is wrong."""
        self._engine = engine
        self._data_dir = data_dir
        self._writer = engine.execution_options(**{WRITES: True})
        self._lock = threading.Lock()
        self._writing: Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection with one consistent view."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except (DBAPIError, NoConnectionFree) as error:
            raise database_fault("read", error) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are all durable when the block ends, or none of them."""
        try:
            with self._lock, self._write_connection().begin():
                yield self._write_connection()
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise database_fault("written", error, self._data_dir) from error

    def close(self) -> None:
        """Close every connection."""
        if self._writing is not None:
            self._writing.close()
        self._engine.dispose()

    def _write_connection(self) -> Connection:
        # Kept open: taking it from the pool and giving it back costs more than a small transaction.
        if self._writing is None or self._writing.invalidated:
            self._writing = self._writer.connect()
        return self._writing


def database_fault(verb: str, error: DBAPIError | NoConnectionFree, data_dir: Path | None = None) -> LocalFault:
    """Return what the database refused as an error with a remedy, and what the system says to a file beside it."""
    said = refusal(data_dir) if data_dir is not None else None
    besides = f" ({said.strerror})" if said is not None else ""
    return LocalFault(
        f"The database cannot be {verb}: {getattr(error, 'orig', error)}{besides}.",
        "Check free disk space, whether the file system is read-only, and the permissions of the data folder, and that "
        "no other program holds the file.",
    )
