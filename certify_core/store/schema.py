"""Brings a database to the schema of this version.

Alembic is imported only when there is something to migrate: it costs more than the rest of a start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from certify_core.errors import LocalFault
from certify_core.store.database import WRITES, database_fault

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")


def head_revision() -> str:
    """Return the newest revision: the migrations' file names sort in their order."""
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return newest.split("_", 1)[0]


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables.

    Raises:
        LocalFault: the database was written by a newer version of Certify, or cannot be written.
    """
    try:
        _migrate(engine)
    except DBAPIError as error:
        raise database_fault("upgraded", error) from error


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        revision = _current_revision(connection)
    head = head_revision()
    if revision == head:
        return
    if revision is not None and revision > head:
        raise LocalFault(
            f"The database has schema {revision}, which is newer than this version of Certify ({head}).",
            "Install the newer version again, or restore the backup made before the upgrade.",
        )
    from alembic import command

    # In one transaction that locks first: of several that start at once one migrates, and the others find it done.
    with engine.execution_options(**{WRITES: True}).connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
