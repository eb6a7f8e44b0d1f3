"""A database of another program is left as it is, whatever its name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import LocalFault
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.contents import names
from tests.support.stores import database_file


def make_database(path: Path) -> None:
    """Make a database as Certify The Web does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE manageditem (id TEXT NOT NULL UNIQUE PRIMARY KEY, json TEXT NOT NULL)")


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def its_folder(tmp_path: Path) -> Path:
    """A folder of that program, with its backup."""
    make_database(tmp_path / "manageditems.db")
    make_database(tmp_path / "manageditems.db.bak")
    return tmp_path


def test_it_is_refused_by_name(its_folder: Path, care: SqliteCare) -> None:
    with pytest.raises(LocalFault, match=r"manageditems\.db is another program's: it has the tables manageditem"):
        care.prepare()


def test_neither_it_nor_its_backup_is_changed(its_folder: Path, care: SqliteCare) -> None:
    before = contents(its_folder)
    with pytest.raises(LocalFault):
        care.prepare()
    assert contents(its_folder) == before


def test_in_the_place_of_ours_it_is_damage_that_is_repaired(filled: Path, care: SqliteCare) -> None:
    care.prepare()
    care.back_up("asked")
    database_file(filled).unlink()
    make_database(database_file(filled))
    assert care.prepare() is not None
    assert names(filled) == sorted(NAMES)


def test_an_empty_database_is_taken(tmp_path: Path, care: SqliteCare) -> None:
    with closing(sqlite3.connect(tmp_path / "manageditems.db")) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    care.prepare()
    assert names(tmp_path) == []
