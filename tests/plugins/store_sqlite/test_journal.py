"""The journal and the WAL: what was committed is somewhere else, too, and soon."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.store import Store
from certify_store_sqlite.care import SqliteCare
from certify_store_sqlite.journal import rows_in
from tests.support.stores import KEY_PEM, NOW, database_file, open_store, order_for, wanting
from tests.support.waiting import eventually


def journalled(folder: Path) -> list[str]:
    """Return the names of the managed certificates in the journal."""
    rows = rows_in(sorted(folder.glob("manageditems.journal*")))
    return [str(row["name"]) for table, row in rows if table == "managedcertificate"]


def test_what_is_committed_is_in_the_journal(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.certificates.create(wanting("app.test"), NOW)
    assert journalled(tmp_path) == ["app.test"]


def test_what_is_not_committed_is_not(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        _fail_to_create(store)
    assert journalled(tmp_path) == []


def _fail_to_create(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.certificates._database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO credential (id, provider, title, parameters, version, created_at, updated_at) "
            "VALUES ('1', 'p', 't', '{}', 1, 0, 0)"
        )
        _ = 1 / 0


def test_a_backup_makes_what_is_in_it_needless(tmp_path: Path, care: SqliteCare) -> None:
    with open_store(tmp_path) as store:
        store.certificates.create(wanting("app.test"), NOW)
        care.back_up("daily")
        store.certificates.create(wanting("late.test"), NOW)
    assert journalled(tmp_path) == ["late.test"]


def test_private_keys_are_in_it_as_they_are_in_the_database(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.orders.open(order_for(store.certificates.create(wanting("app.test"), NOW)))
    assert KEY_PEM.splitlines()[1].encode() not in (tmp_path / "manageditems.journal").read_bytes()


def test_nobody_else_may_read_it(filled: Path) -> None:
    assert (filled / "manageditems.journal").stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_off_is_left_out(filled: Path) -> None:
    journal = filled / "manageditems.journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    assert len(journalled(filled)) == 50


def test_a_journal_that_cannot_be_written_keeps_nobody_from_committing(tmp_path: Path) -> None:
    (tmp_path / "manageditems.journal").mkdir()
    with open_store(tmp_path) as store:
        created = store.certificates.create(wanting("app.test"), NOW)
        assert store.certificates.get(created.id) == created


def test_the_wal_is_copied_into_the_database_while_it_is_open(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.certificates.create(wanting("app.test"), NOW)
        eventually(lambda: b"app.test" in database_file(tmp_path).read_bytes())
        with closing(sqlite3.connect(database_file(tmp_path))) as other:
            _, in_wal, copied = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert in_wal == copied
