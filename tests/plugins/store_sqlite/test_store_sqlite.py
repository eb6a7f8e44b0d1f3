"""The SQLite store: what holds on every connection, and what a user reads when the file cannot be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from certify_core.api import LocalFault, PluginContext, StoreProvider
from certify_store_sqlite import SqliteStore, certify_stores
from tests.support.killing import KILLED

WRITES = {"certify_writes": True}
POOL_AND_OVERFLOW = 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = SqliteStore().open(PluginContext(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Engine:
    """The same engine as those who write use it, with a counter to write to."""
    writer = engine.execution_options(**WRITES)
    with writer.begin() as connection:
        connection.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    return writer


def value(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT value FROM counter")).scalar_one())


def test_the_hook_offers_it_and_leaves_the_data_folder_alone(tmp_path: Path) -> None:
    offered = certify_stores(PluginContext(tmp_path))
    assert ([store.name for store in offered], list(tmp_path.iterdir())) == (["sqlite"], [])


def test_it_keeps_the_protocol() -> None:
    assert isinstance(SqliteStore(), StoreProvider)


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_of_the_pool_has_the_pragmas(engine: Engine, pragma: str, expected: str | int) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(engine.connect()) for _ in range(POOL_AND_OVERFLOW)]
        found = [one.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for one in connections]
    assert found == [expected] * POOL_AND_OVERFLOW


def test_a_connection_that_returns_from_the_pool_still_has_the_pragmas(engine: Engine) -> None:
    for _ in range(3):
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    with engine.execution_options(**WRITES).begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (parent INTEGER REFERENCES parent(id))"))
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):
            connection.execute(text("INSERT INTO child VALUES (7)"))


def test_what_was_committed_outlives_a_killed_process(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from certify_core.api import PluginContext
from certify_store_sqlite import SqliteStore
from sqlalchemy import text
writer = SqliteStore().open(PluginContext(Path(sys.argv[1]))).execution_options(certify_writes=True)
with writer.begin() as connection:
    connection.execute(text("CREATE TABLE counter (value INTEGER)"))
    connection.execute(text("INSERT INTO counter VALUES (42)"))
with writer.begin() as connection:
    connection.execute(text("UPDATE counter SET value = 43"))
    os.kill(os.getpid(), 9)
"""
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    engine = SqliteStore().open(PluginContext(tmp_path))
    assert (ended.returncode, value(engine)) == (KILLED, 42)
    engine.dispose()


def test_a_failed_transaction_leaves_nothing(writer: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writer.begin() as connection:
        connection.execute(text("UPDATE counter SET value = 1"))
        connection.execute(text("CREATE TABLE other (id INTEGER)"))
        _ = 1 / 0
    with writer.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'")).scalars().all()
    assert (value(writer), "other" in tables) == (0, False)


def test_writers_at_once_lose_no_update(writer: Engine) -> None:
    def add_ten(_: int) -> None:
        for _ in range(10):
            with writer.begin() as connection:
                before = connection.execute(text("SELECT value FROM counter")).scalar_one()
                connection.execute(text("UPDATE counter SET value = :value"), {"value": before + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_ten, range(4)))
    assert value(writer) == 40


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_work(engine: Engine, writer: Engine) -> None:
    with writer.begin() as connection:
        connection.execute(text("UPDATE counter SET value = 1"))
        assert value(engine) == 0


def test_a_reader_sees_one_state_until_it_ends(engine: Engine, writer: Engine) -> None:
    with engine.connect() as reader:
        before = reader.execute(text("SELECT value FROM counter")).scalar_one()
        with writer.begin() as connection:
            connection.execute(text("UPDATE counter SET value = 1"))
        assert reader.execute(text("SELECT value FROM counter")).scalar_one() == before


def test_only_the_owner_reads_its_files(writer: Engine, tmp_path: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {
        "manageditems.db": 0o600,
        "manageditems.db-shm": 0o600,
        "manageditems.db-wal": 0o600,
    }


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "manageditems.db").touch(0o644)
    SqliteStore().open(PluginContext(tmp_path)).dispose()
    assert (tmp_path / "manageditems.db").stat().st_mode & 0o777 == 0o600


def missing(folder: Path) -> Path:
    return folder / "missing"


def a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


def a_folder_in_the_way(folder: Path) -> Path:
    (folder / "manageditems.db").mkdir()
    return folder


def no_database(folder: Path) -> Path:
    (folder / "manageditems.db").write_bytes(b"This is a text of some length that is no database at all. " * 100)
    return folder


@pytest.mark.parametrize("prepare", [missing, a_file, a_folder_in_the_way, no_database])
def test_a_file_that_cannot_be_used_is_a_local_fault_that_names_it(
    tmp_path: Path, prepare: Callable[[Path], Path]
) -> None:
    data_dir = prepare(tmp_path)
    with pytest.raises(LocalFault) as fault:
        SqliteStore().open(PluginContext(data_dir))
    assert (str(data_dir / "manageditems.db") in fault.value.cause, "data folder" in fault.value.remedy) == (True, True)
