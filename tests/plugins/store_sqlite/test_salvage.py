"""What is read out of a damaged file: its pages have every row that an index leads to, so no index is walked."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from certify_store_sqlite.rows import Rows
from certify_store_sqlite.salvage import salvage
from certify_store_sqlite.schema import Schema, read_schema
from tests.support.corruption import PAGE, Damage, bit_flip, torn_tail, zeroed_page
from tests.support.index_walk import by_indexes
from tests.support.stores import NOW, database_file, open_store, wanting

SEEDS = range(4)
INTERIOR, LEAF = 5, 13
"""The kinds of pages of which a table is made (https://sqlite.org/fileformat2.html, section 1.6)."""


def _pages(content: bytes | bytearray, kind: int) -> list[int]:
    return [start for start in range(PAGE, len(content), PAGE) if content[start] == kind]


def broken_ways(database: Path, chance: random.Random) -> None:
    """Half of the pages that lead to the rows of a table are anything."""
    content = bytearray(database.read_bytes())
    for start in _pages(content, INTERIOR):
        if chance.random() < 0.5:
            content[start : start + PAGE] = chance.randbytes(PAGE)
    database.write_bytes(content)


def many_empty_pages(database: Path, chance: random.Random) -> None:
    """One page in ten is empty."""
    content = bytearray(database.read_bytes())
    for start in range(PAGE, len(content), PAGE):
        if chance.random() < 0.1:
            content[start : start + PAGE] = bytes(PAGE)
    database.write_bytes(content)


def broken_leaves(database: Path, chance: random.Random) -> None:
    """One page with rows in ten says something else of itself."""
    content = bytearray(database.read_bytes())
    for start in _pages(content, LEAF):
        if chance.random() < 0.1:
            content[start + chance.randrange(8)] = chance.randrange(256)
    database.write_bytes(content)


DAMAGES = [bit_flip, zeroed_page, torn_tail, broken_ways, many_empty_pages, broken_leaves]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose tables have several levels of pages."""
    folder = tmp_path_factory.mktemp("whole")
    with open_store(folder) as store:
        for number in range(300):
            store.certificates.create(wanting(f"shop-{number}.test", places=1), NOW)
    return database_file(folder)


@pytest.fixture(scope="module")
def schema(whole: Path) -> Schema:
    """Its schema."""
    found = read_schema(whole)
    assert found is not None
    return found


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_no_index_leads_to_a_row_that_is_not_found_otherwise(
    whole: Path, schema: Schema, tmp_path: Path, damage: Damage
) -> None:
    led_to, found = set(), set()
    for seed in SEEDS:
        database = tmp_path / f"{seed}.db"
        shutil.copy(whole, database)
        damage(database, random.Random(seed))
        by_index, salvaged = Rows(schema.tables), Rows(schema.tables)
        by_indexes(database, by_index)
        salvage(database, tmp_path / "no WAL", salvaged)
        led_to |= {(seed, table, key, version.change) for table, key, version in by_index.all()}
        found |= {(seed, table, key, version.change) for table, key, version in salvaged.all()}
    assert led_to
    assert led_to - found == set()
