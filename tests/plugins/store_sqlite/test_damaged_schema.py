"""The schema is damaged, on which the meaning of every page rests: one letter is not what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.contents import add, names
from tests.support.stores import database_file

LETTERS = {
    "SQLite's message cannot be decoded": (b"CREATE TABLE authority", b"CREAT\xc5 TABLE authority"),
    "a name cannot be decoded": (b"\tfailure_count INTEGER", b"\tfailur\xe5_count INTEGER"),
    "a function has another name": (b"certify_seal('certify_deleted'", b"certify\xdfseal('certify_deleted'"),
    "a seal covers another column": (b"next_due_at,order_id", b"next_due_at.order_id"),
    "a seal is of another table": (b"certify_seal('credential'", b"certify_seal('cvedential'"),
    "a trigger has another name": (b"triggercertify_insert_credential", b"triggercertify_insert_cvedential"),
    "the index has an unknown option": (b"columnsize=0", b"cmlumnsize=0"),
    "the index is of another column": (b"fts5(\n    search", b"fts5(\n    searah"),
}


@pytest.fixture(params=list(LETTERS.values()), ids=list(LETTERS))
def garbled(request: pytest.FixtureRequest, filled: Path, care: SqliteCare) -> Path:
    """A data folder with a backup, and the schema of its database damaged."""
    care.back_up("start")
    before, after = request.param
    content = database_file(filled).read_bytes()
    assert before in content
    database_file(filled).write_bytes(content.replace(before, after))
    return filled


def test_it_is_noticed_before_the_database_is_opened(garbled: Path, care: SqliteCare) -> None:
    assert care.prepare() is not None


def test_nothing_is_lost(garbled: Path, care: SqliteCare) -> None:
    care.prepare()
    assert names(garbled) == sorted(NAMES)


def test_it_can_be_written_afterwards(garbled: Path, care: SqliteCare) -> None:
    care.prepare()
    add(garbled, "late.test")
    assert "late.test" in names(garbled)
