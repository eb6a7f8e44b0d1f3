"""The index of searches has nothing of its own: it is right after whatever happened to it or to the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import LocalFault
from certify_core.store import Store
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.contents import names
from tests.support.stores import NOW, database_file, open_store, wanting

BEYOND_REBUILDING = (
    "DELETE FROM certify_search_config",
    "UPDATE certify_search_config SET v = 99",
    "DELETE FROM certify_search_data",
    "UPDATE certify_search_data SET block = x'ffffffffffff' WHERE id = 10",
)


def found(folder: Path, search: str) -> list[str]:
    """Return the names that a search finds."""
    with open_store(folder) as store:
        return [item["name"] for item in store.certificates.page(search=search).items]


def damage(folder: Path, statement: str) -> None:
    """Change what the index keeps."""
    with closing(sqlite3.connect(database_file(folder), isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(statement)


def zero(folder: Path, name: str) -> None:
    """Empty the first page of a table or an index."""
    with closing(sqlite3.connect(database_file(folder))) as database:
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name]).fetchone()
    with database_file(folder).open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(bytes(page_size))


def in_index(folder: Path, name: str) -> int:
    """Return how many rows the index itself has of a name."""
    with closing(sqlite3.connect(database_file(folder))) as database:
        query = "SELECT count(*) FROM certify_search WHERE search GLOB ?"
        (count,) = database.execute(query, [f"*{name}*"]).fetchone()
    return int(count)


def test_an_index_that_has_lost_something_is_whole_after_the_next_start(filled: Path, care: SqliteCare) -> None:
    damage(filled, "INSERT INTO certify_search (certify_search) VALUES ('delete-all')")
    lacking = found(filled, "shop-7.test")
    care.prepare()
    assert (lacking, found(filled, "shop-7.test")) == ([], ["shop-7.test"])


def test_with_a_damaged_index_searches_find_all_the_same(filled: Path) -> None:
    damage(filled, "DELETE FROM certify_search_data")
    assert found(filled, "shop-7.test") == ["shop-7.test"]


def test_a_damaged_index_is_whole_after_the_next_start(filled: Path, care: SqliteCare) -> None:
    damage(filled, "UPDATE certify_search_data SET block = zeroblob(length(block))")
    care.prepare()
    assert found(filled, "shop-7.test") == ["shop-7.test"]


@pytest.mark.parametrize("statement", BEYOND_REBUILDING)
def test_an_index_that_cannot_even_be_built_anew_is_made_by_a_recovery(
    filled: Path, care: SqliteCare, statement: str
) -> None:
    damage(filled, statement)
    report = care.prepare()
    assert report is not None
    assert (care.check().sound, in_index(filled, "shop-7.test"), len(names(filled))) == (True, 1, len(NAMES))


def test_a_recovery_says_which_index_was_damaged(filled: Path, care: SqliteCare) -> None:
    damage(filled, "DELETE FROM certify_search_data")
    report = care.prepare()
    assert report is not None
    assert ["certify_search" in damaged.what for damaged in report.damages] == [True]


@pytest.mark.parametrize("statement", BEYOND_REBUILDING)
def test_with_an_index_nothing_is_lost(filled: Path, care: SqliteCare, statement: str) -> None:
    damage(filled, statement)
    report = care.prepare()
    assert report is not None
    assert report.complete


@pytest.mark.parametrize("table", ["certify_search_data", "certify_search_idx", "certify_search_config"])
def test_nor_with_a_page_of_the_index(filled: Path, care: SqliteCare, table: str) -> None:
    zero(filled, table)
    report = care.prepare()
    assert report is not None
    assert report.complete


def test_damage_of_a_table_is_not_taken_for_that_of_the_index(filled: Path, care: SqliteCare) -> None:
    zero(filled, "certify_search_data")
    zero(filled, "ix_managedcertificate_ari_check_at")
    assert {damaged.code for damaged in care.check().damages} == {"structure"}


def test_without_full_text_search_nothing_is_recovered(filled: Path, care: SqliteCare) -> None:
    damage(filled, "UPDATE sqlite_schema SET sql = replace(sql, 'fts5', 'fts9') WHERE name = 'certify_search'")
    with pytest.raises(LocalFault, match="no such module"):
        care.prepare()


def test_a_recovered_database_has_its_index(filled: Path, care: SqliteCare) -> None:
    care.recover()
    assert in_index(filled, "shop-7.test") == 1


def test_a_recovered_database_keeps_its_index_up_to_date(filled: Path, care: SqliteCare) -> None:
    care.recover()
    with open_store(filled) as store:
        _rename(store)
    assert (found(filled, "shop-7.test"), found(filled, "shop-x.test")) == ([], ["shop-x.test"])


def _rename(store: Store) -> None:
    (item,) = store.certificates.page(search="shop-7.test").items
    store.certificates.update_settings(item["id"], item["version"], wanting("shop-x.test"), NOW)
