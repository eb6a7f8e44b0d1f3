"""SQLite storage: one file, `manageditems.db`, in the data folder. Every commit is on the disk when it returns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event

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
        engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, pool_size=16)
        event.listen(engine, "connect", _prepare)
        try:
            with engine.connect():
                pass
            path.chmod(0o600)
        except Exception as error:
            raise LocalFault(
                f"The database {path} cannot be opened: {error}.",
                "Check that the service may write to the data folder and that the disk is not full.",
            ) from error
        return engine


def _prepare(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@hookimpl
def certify_stores(context: PluginContext) -> list[SqliteStore]:
    """Offer the SQLite store."""
    return [SqliteStore()]
