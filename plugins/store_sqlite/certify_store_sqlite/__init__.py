"""SQLite storage: one file, `manageditems.db`, in the data folder. Every commit is on the disk when it returns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from certify_core.api import LocalFault, PluginContext, hookimpl

FILE = "manageditems.db"
BUSY_TIMEOUT_MS = 10_000
PRAGMAS = (
    "journal_mode = WAL",
    # NORMAL would lose the last commits in a power cut; an order that was placed must never be forgotten.
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
)


class SqliteStore:
    """Keeps everything in one SQLite file (https://sqlite.org/wal.html)."""

    name = "sqlite"
    title = "SQLite file in the data folder"

    def open(self, context: PluginContext) -> Engine:
        """Return an engine on `manageditems.db`.

        Raises:
            LocalFault: the file cannot be opened or written.
        """
        path = context.data_dir / FILE
        engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=16, max_overflow=32)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        try:
            with engine.connect():
                pass
            path.chmod(0o600)
        except (DBAPIError, OSError) as error:
            engine.dispose()
            raise LocalFault(
                f"The database {path} cannot be opened: {getattr(error, 'orig', error)}.",
                "Check that the service may write to the data folder and that the disk is not full.",
            ) from error
        return engine


def _prepare(connection: Any, _: object) -> None:
    # The driver's own transactions begin too late: see _begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once where a write will come: a reader that turns writer may find that it is too late."""
    writes = connection.get_execution_options().get("certify_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@hookimpl
def certify_stores(context: PluginContext) -> list[SqliteStore]:
    """Offer the SQLite store."""
    return [SqliteStore()]
