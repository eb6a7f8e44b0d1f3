"""Rows are sealed by the next write after a table has changed; what keeps that from happening is told as such."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from certify_store_sqlite.care import SqliteCare
from tests.support.stores import NOW, database_file, open_store, sqlite_engine, wanting

UNREADABLE = b"\xff\xfe"


def unsealed(folder: Path, statement: str, *values: object) -> None:
    """Change a table as somebody does who knows nothing of seals."""
    with closing(sqlite3.connect(database_file(folder), isolation_level=None)) as database:
        database.execute(statement, values)


def test_a_table_that_a_migration_changes_is_sealed_by_the_next_write(filled: Path, care: SqliteCare) -> None:
    unsealed(filled, "ALTER TABLE managedcertificate ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'")
    with open_store(filled) as store:
        store.certificates.create(wanting("late.test"), NOW)
    assert care.check().sound


def test_a_table_that_was_just_changed_is_no_damage(filled: Path, care: SqliteCare) -> None:
    unsealed(filled, "ALTER TABLE managedcertificate ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'")
    assert care.check().sound


def test_what_cannot_be_sealed_is_refused_and_the_next_write_is_not_harmed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(database_file(tmp_path))) as database:
        database.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)")
        database.execute("INSERT INTO note VALUES (1, CAST(? AS TEXT))", [UNREADABLE])
        database.commit()
    engine = sqlite_engine(tmp_path)
    writer = engine.execution_options(certify_writes=True)
    with writer.connect() as connection:
        for _ in range(2):
            with pytest.raises(OperationalError, match="sealing"), connection.begin():
                connection.execute(text("DELETE FROM note"))
    engine.dispose()
