"""An index of searches is built anew at a start, unless it is to the bit what was built at an earlier one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_store_sqlite import writing
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.contents import add
from tests.support.stores import NOW, database_file, open_store

BUILD = writing.rebuild


def edited(folder: Path, statement: str, *values: object) -> None:
    """Change what the index keeps."""
    with closing(sqlite3.connect(database_file(folder), isolation_level=None)) as database:
        database.execute(statement, values)


def indexed(folder: Path) -> set[str]:
    """Return the names that the index itself leads to."""
    query = "SELECT name FROM managedcertificate JOIN certify_search ON certify_search.rowid = managedcertificate.rowid"
    with closing(sqlite3.connect(database_file(folder))) as database:
        return {name for (name,) in database.execute(f"{query} WHERE certify_search.search GLOB '*shop-*'")}


@pytest.fixture
def built(filled: Path, care: SqliteCare, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The indexes that are built from here on: the folder has seen a start before."""
    care.prepare()
    names: list[str] = []

    def build(connection: sqlite3.Connection, index: str) -> None:
        names.append(index)
        BUILD(connection, index)

    monkeypatch.setattr(writing, "rebuild", build)
    return names


def test_an_index_that_has_not_changed_is_not_built_again(care: SqliteCare, built: list[str]) -> None:
    care.prepare()
    assert built == []


def test_what_changes_no_name_changes_no_index(filled: Path, care: SqliteCare, built: list[str]) -> None:
    with open_store(filled) as store:
        store.schedule.request(store.certificates.ids_named("shop-7.test")[0], NOW)
    care.prepare()
    assert built == []


def test_an_index_that_has_changed_with_its_rows_is_built_and_known_again(
    filled: Path, care: SqliteCare, built: list[str]
) -> None:
    add(filled, "shop-late.test")
    care.prepare()
    care.prepare()
    assert (built, indexed(filled)) == (["certify_search"], {*NAMES, "shop-late.test"})


def test_what_is_remembered_may_be_torn(filled: Path, care: SqliteCare, built: list[str]) -> None:
    (filled / "manageditems.indexes").write_bytes(b"torn")
    care.prepare()
    assert built == ["certify_search"]


@pytest.mark.parametrize("part", range(8))
def test_a_known_index_in_which_a_bit_has_flipped_is_made_again(
    filled: Path, care: SqliteCare, built: list[str], part: int
) -> None:
    with closing(sqlite3.connect(database_file(filled))) as database:
        largest = "SELECT id, block FROM certify_search_data ORDER BY length(block) DESC, id LIMIT 1"
        number, block = database.execute(largest).fetchone()
    flipped = bytearray(block)
    flipped[len(block) * part // 8] ^= 1 << part
    edited(filled, "UPDATE certify_search_data SET block = ? WHERE id = ?", bytes(flipped), number)
    care.prepare()
    assert indexed(filled) == set(NAMES)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM certify_search_idx",
        "DELETE FROM certify_search_data",
        "DELETE FROM certify_search_config",
        "UPDATE certify_search_config SET v = 99",
        "INSERT INTO certify_search (certify_search) VALUES ('delete-all')",
    ],
)
def test_a_known_index_that_has_lost_something_is_made_again(
    filled: Path, care: SqliteCare, built: list[str], statement: str
) -> None:
    edited(filled, statement)
    care.prepare()
    assert indexed(filled) == set(NAMES)
