"""A full or read-only disk, a database that may not be written: a clear refusal, and nothing half-written.

The disks are real ones, mounted for the test; it is the kernel that finds an error on one. This needs root.
"""

from __future__ import annotations

import ast
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

import certify_core.store
from certify_core.api import LocalFault
from certify_core.store import Store
from certify_core.store.database import Database
from tests.support.disks import FailingDisk, failing, full, make_read_only, mounted
from tests.support.store_writes import WRITES, Filled, fill
from tests.support.stores import KEY_PEM, NOW, open_store, sqlite_engine

OF_THE_KEYS = {"_reseal_column", "_reseal_documents"}
"""What a change of the master key writes: `test_rotation` has it."""

every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "disk", megabytes=1) as folder:
        yield folder


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[Filled]:
    """The store on the small disk, freshly opened: every write needs room for its log."""
    things = fill(small_disk)
    with open_store(small_disk) as store:
        yield Filled(store, *things)


def writers() -> set[str]:
    """Return the names of the store's functions that write to the database."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8")) for file in Path(certify_core.store.__file__).parent.glob("*.py")
    ]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if "self._database.write()" in ast.unparse(function)}


def test_every_write_of_the_store_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = set(OF_THE_KEYS)
    original = Database.write

    def noted(database: Database) -> Any:
        tried.add(sys._getframe(1).f_code.co_name)
        return original(database)

    monkeypatch.setattr(Database, "write", noted)
    for name, write in WRITES.items():
        folder = tmp_path / name
        folder.mkdir()
        things = fill(folder)
        with open_store(folder) as store:
            write(Filled(store, *things))
    assert writers() - tried == set()


@every_write
def test_a_full_disk_refuses_a_write_as_a_whole_and_takes_it_when_there_is_room(
    on_small_disk: Filled, small_disk: Path, write: Callable[[Filled], Any]
) -> None:
    before = on_small_disk.contents()
    with full(small_disk):
        with pytest.raises(LocalFault, match="full") as fault:
            write(on_small_disk)
        during = on_small_disk.contents()
    assert (during, "free disk space" in fault.value.remedy) == (before, True)
    write(on_small_disk)


def test_a_full_disk_refuses_a_certificate_as_a_whole_and_takes_it_when_there_is_room(
    on_small_disk: Filled, small_disk: Path
) -> None:
    assets = on_small_disk.store.assets
    with full(small_disk), pytest.raises(LocalFault, match="cannot be saved") as fault:
        assets.save("app", "1", "certificate", KEY_PEM)
    assert (list((small_disk / "assets").rglob("*.pem")), "Make room" in fault.value.remedy) == ([], True)
    assets.save("app", "1", "certificate", KEY_PEM)
    assert assets.load("app", "1") == ("certificate", KEY_PEM)


def test_a_full_disk_refuses_a_new_data_folder_and_takes_it_when_there_is_room(small_disk: Path) -> None:
    with full(small_disk), pytest.raises(LocalFault), open_store(small_disk):
        pass
    with open_store(small_disk) as store:
        assert store.certificates.page().items == []


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator[FailingDisk]:
    """A disk on which the kernel will find an error."""
    with failing(tmp_path / "disk", megabytes=4) as disk:
        yield disk


@every_write
def test_a_disk_that_has_become_read_only_refuses_a_write_as_a_whole_and_has_lost_nothing_when_it_is_mended(
    failing_disk: FailingDisk, write: Callable[[Filled], Any]
) -> None:
    things = fill(failing_disk.folder)
    with open_store(failing_disk.folder) as store:
        filled = Filled(store, *things)
        before = filled.contents()
        failing_disk.fail()
        with pytest.raises(LocalFault, match="Read-only file system") as fault:
            write(filled)
        during = filled.contents()
    failing_disk.repair()
    with open_store(failing_disk.folder) as store:
        mended = Filled(store, *things)
        after = mended.contents()
        write(mended)
    assert (during, after, "is read-only" in fault.value.remedy) == (before, before, True)


def test_a_disk_that_has_become_read_only_refuses_a_certificate_as_a_whole(failing_disk: FailingDisk) -> None:
    fill(failing_disk.folder)
    with open_store(failing_disk.folder) as store:
        failing_disk.fail()
        with pytest.raises(LocalFault, match=r"cannot be saved in .*: Read-only file system"):
            store.assets.save("app", "1", "certificate", KEY_PEM)
        assert list((failing_disk.folder / "assets").rglob("*")) == []


class WriteProtection:
    """Makes SQLite refuse every change on an engine's connections, as it does where the file may not be written."""

    def __init__(self, engine: Engine) -> None:
        self._connections: list[sqlite3.Connection] = []
        event.listen(engine, "connect", lambda connection, _: self._connections.append(connection))

    def switch(self, on: bool) -> None:
        """Protect the file, or let it be written again."""
        for connection in self._connections:
            connection.execute(f"PRAGMA query_only = {int(on)}")


@every_write
def test_a_database_that_may_not_be_written_refuses_a_write_as_a_whole(
    tmp_path: Path, write: Callable[[Filled], Any]
) -> None:
    things = fill(tmp_path)
    engine = sqlite_engine(tmp_path)
    engine.dispose()
    protection = WriteProtection(engine)
    filled = Filled(Store(engine, tmp_path), *things)
    filled.store.schedule.release("open the connection that writes", NOW)
    before = filled.contents()
    protection.switch(True)
    with pytest.raises(LocalFault, match="readonly database") as fault:
        write(filled)
    during = filled.contents()
    protection.switch(False)
    write(filled)
    filled.store.close()
    assert (during, "permissions of the data folder" in fault.value.remedy) == (before, True)


def test_a_data_folder_on_a_read_only_disk_is_a_local_fault(small_disk: Path) -> None:
    fill(small_disk)
    make_read_only(small_disk)
    with pytest.raises(LocalFault) as fault, open_store(small_disk):
        pass
    assert "may write to the data folder" in fault.value.remedy
