"""The storage provider: one SQLite file, sealed row by row, and its care."""

from __future__ import annotations

from functools import partial

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from certify_core.api import LocalFault, PluginContext
from certify_store_sqlite.care import SqliteCare
from certify_store_sqlite.changes import Changes
from certify_store_sqlite.checkpoints import Checkpoints
from certify_store_sqlite.connection import SealingConnection, listen
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.journal import Journal


class SqliteStore:
    """Keeps everything in one SQLite file (https://sqlite.org/wal.html)."""

    name = "sqlite"
    title = "SQLite file in the data folder"

    def open(self, context: PluginContext) -> Engine:
        """Return an engine on `manageditems.db`.

        Raises:
            LocalFault: the file cannot be opened or written.
        """
        files = DatabaseFiles(context.data_dir)
        changes, checkpoints = Changes(files.state), Checkpoints(files.database)
        journal = Journal(files.journal)
        factory = partial(SealingConnection, changes=changes, journal=journal, committed=checkpoints.wanted)
        url = URL.create("sqlite", database=str(files.database))
        engine = create_engine(url, pool_size=16, max_overflow=32, connect_args={"factory": factory})
        listen(engine)

        def disposed(_: Engine) -> None:
            checkpoints.close()
            changes.close()

        event.listen(engine, "engine_disposed", disposed)
        try:
            with engine.connect():
                pass
            files.database.chmod(0o600)
        except (DBAPIError, OSError) as error:
            engine.dispose()
            raise LocalFault(
                f"The database {files.database} cannot be opened: {getattr(error, 'orig', error)}.",
                "Check that the service may write to the data folder and that the disk is not full.",
            ) from error
        return engine

    def care(self, context: PluginContext) -> SqliteCare:
        """Return what checks, backs up and repairs `manageditems.db`."""
        return SqliteCare(DatabaseFiles(context.data_dir))
