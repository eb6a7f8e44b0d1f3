"""The index of searches has nothing of its own: it is right after whatever happened to it or to the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from certify_core.store import Store
from certify_store_sqlite.care import SqliteCare
from tests.support.stores import NOW, database_file, open_store, wanting


def found(folder: Path, search: str) -> list[str]:
    """Return the names that a search finds."""
    with open_store(folder) as store:
        return [item["name"] for item in store.certificates.page(search=search).items]


def damage(folder: Path, statement: str) -> None:
    """Change what the index keeps."""
    with closing(sqlite3.connect(database_file(folder), isolation_level=None)) as database:
        database.execute(statement)


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


def test_a_recovered_database_has_its_index(filled: Path, care: SqliteCare) -> None:
    care.recover()
    with closing(sqlite3.connect(database_file(filled))) as database:
        query = "SELECT count(*) FROM certify_search WHERE search GLOB '*shop-7.test*'"
        assert database.execute(query).fetchone() == (1,)


def test_a_recovered_database_keeps_its_index_up_to_date(filled: Path, care: SqliteCare) -> None:
    care.recover()
    with open_store(filled) as store:
        _rename(store)
    assert (found(filled, "shop-7.test"), found(filled, "shop-x.test")) == ([], ["shop-x.test"])


def _rename(store: Store) -> None:
    (item,) = store.certificates.page(search="shop-7.test").items
    store.certificates.update_settings(item["id"], item["version"], wanting("shop-x.test"), NOW)
