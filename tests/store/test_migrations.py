"""The schema: migrations make exactly what the tables say, once, however many start at once, and leave no half."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from certify_core.api import LocalFault
from certify_core.store.schema import head_revision, migrate
from tests.support.killing import KILLED
from tests.support.stores import NOW, open_store, sqlite_engine, wanting

STARTS_AT_ONCE = 4
MIGRATE = """
import sys
from pathlib import Path
from certify_core.api import PluginContext
from certify_core.store.schema import migrate
from certify_store_sqlite import SqliteStore
engine = SqliteStore().open(PluginContext(Path(sys.argv[1])))
"""


def python(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program; it may wait for a line of its input."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tables(folder: Path) -> set[str]:
    """Return the names of the tables that there are."""
    engine = sqlite_engine(folder)
    with engine.connect() as connection:
        found = set(connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'")).scalars())
    engine.dispose()
    return found


def test_the_migrations_make_exactly_what_the_tables_say(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sqlite_engine(tmp_path)
    migrate(engine)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_: not (name or "").startswith("certify_")}
        context = MigrationContext.configure(connection, opts=options)  # what the storage plugin adds is its own
        difference = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    assert difference == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        created = store.certificates.create(wanting(), NOW)
    engine = sqlite_engine(tmp_path)
    migrate(engine)
    engine.dispose()
    with open_store(tmp_path) as store:
        assert store.certificates.get(created.id) == created


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path)
    migrate(engine)
    with engine.execution_options(certify_writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LocalFault, match=f"schema 9999, which is newer than .* \\({head_revision()}\\)") as fault:
        migrate(engine)
    with engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    assert (revision, "Install the newer version" in fault.value.remedy) == ("9999", True)


def test_a_start_with_nothing_to_migrate_does_not_import_alembic(tmp_path: Path) -> None:
    program = MIGRATE + "migrate(engine); print('alembic' in sys.modules)"
    imported = [python(program, tmp_path).communicate("\n")[0].strip() for _ in range(2)]
    assert imported == ["True", "False"]


def test_of_several_that_start_at_once_one_migrates_and_all_succeed(tmp_path: Path) -> None:
    program = MIGRATE + "import alembic.command; print('ready', flush=True); migrate(engine)"
    engine = sqlite_engine(tmp_path)
    with engine.execution_options(certify_writes=True).begin():
        starting = [python(program, tmp_path) for _ in range(STARTS_AT_ONCE)]
        for process in starting:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        # All of them come to the lock that is held here, and get on together when it is given up.
        threading.Event().wait(0.5)
    errors = [process.communicate()[1] for process in starting]
    engine.dispose()
    assert ([process.returncode for process in starting], errors) == ([0] * STARTS_AT_ONCE, [""] * STARTS_AT_ONCE)


def test_a_migration_that_is_killed_half_way_leaves_nothing_and_is_done_by_the_next_start(tmp_path: Path) -> None:
    program = MIGRATE + (
        "import os\n"
        "from sqlalchemy import event\n"
        "def die(connection, cursor, statement, *rest):\n"
        "    if 'CREATE TABLE deployment' in statement: os.kill(os.getpid(), 9)\n"
        "event.listen(engine, 'before_cursor_execute', die)\n"
        "migrate(engine)\n"
    )
    killed = python(program, tmp_path)
    killed.communicate("\n")
    left = tables(tmp_path)
    with open_store(tmp_path) as store:
        created = store.certificates.create(wanting(places=1), NOW)
        assert (killed.returncode, left, store.certificates.get(created.id)) == (KILLED, set(), created)


def test_a_database_that_cannot_be_migrated_is_a_local_fault(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path)
    with engine.execution_options(certify_writes=True).begin() as connection:
        connection.execute(text("CREATE TABLE deployment (something INTEGER)"))
    with pytest.raises(LocalFault, match="cannot be upgraded") as fault:
        migrate(engine)
    engine.dispose()
    assert (fault.value.remedy != "", tables(tmp_path)) == (True, {"deployment"})
