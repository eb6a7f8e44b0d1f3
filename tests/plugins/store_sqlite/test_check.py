"""The check sees whatever is not what was written, SQLite's own checks being only a part of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import LocalFault
from certify_store_sqlite.care import SqliteCare
from tests.support.contents import add, delete
from tests.support.stores import NOW, database_file, open_store, wanting

PAGE = 4096


def codes(care: SqliteCare) -> set[str]:
    """Return what the check finds."""
    return {damage.code for damage in care.check().damages}


def edited(folder: Path, statement: str) -> None:
    """Change the file behind everybody's back."""
    with closing(sqlite3.connect(database_file(folder), isolation_level=None)) as database:
        database.create_function("certify_seal", -1, lambda *_: b"\0" * 16)
        database.execute(statement)


def test_what_was_written_is_sound(filled: Path, care: SqliteCare) -> None:
    assert care.check().sound


def test_it_counts_the_rows_of_each_table(filled: Path, care: SqliteCare) -> None:
    rows = care.check().rows
    assert (rows["managedcertificate"], rows["deployment"]) == (50, 50)


def test_it_is_sound_while_it_is_open(filled: Path, care: SqliteCare) -> None:
    with open_store(filled):
        assert care.check().sound


def test_it_is_sound_while_others_write(filled: Path, care: SqliteCare) -> None:
    done = threading.Event()

    def write() -> None:
        with open_store(filled) as store:
            while not done.is_set():
                created = store.certificates.create(wanting("another.test"), NOW)
                store.certificates.delete(created.id)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        reports = [care.check() for _ in range(60)]
        done.set()
        writing.result()
    assert (len({report.last_change for report in reports}) > 1, {report.damages for report in reports}) == (True, {()})


def test_it_lets_no_other_program_take_the_wal_away(filled: Path, care: SqliteCare) -> None:
    other = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM managedcertificate').fetchall()"
    wal = filled / "manageditems.db-wal"
    with open_store(filled):
        before = wal.stat().st_ino
        care.check()
        subprocess.run([sys.executable, "-c", other, str(database_file(filled))], check=True)
        assert wal.stat().st_ino == before


def test_it_stays_sound_when_rows_are_deleted(filled: Path, care: SqliteCare) -> None:
    delete(filled, "shop-7.test")
    assert care.check().sound


def test_a_value_that_changed_by_itself_is_seen(filled: Path, care: SqliteCare) -> None:
    content = bytearray(database_file(filled).read_bytes())
    at = content.index(b"www") if b"www" in content else content.rindex(b"shop-7.test")
    content[at] ^= 1
    database_file(filled).write_bytes(content)
    assert "rows-changed" in codes(care)


def test_a_row_that_was_changed_by_another_program_is_seen(filled: Path, care: SqliteCare) -> None:
    edited(filled, "UPDATE managedcertificate SET status = 'ok' WHERE name = 'shop-7.test'")
    assert codes(care) == {"rows-changed"}


def test_a_program_that_knows_nothing_of_seals_is_refused(filled: Path) -> None:
    refused = pytest.raises(sqlite3.OperationalError, match="certify_seal")
    with closing(sqlite3.connect(database_file(filled))) as database, refused:
        database.execute("UPDATE managedcertificate SET status = 'ok'")


def test_rows_that_vanished_are_missed(filled: Path, care: SqliteCare) -> None:
    edited(filled, "DROP TRIGGER certify_delete_deployment")
    edited(filled, "DELETE FROM deployment WHERE position = 0")
    assert "rows-missing" in codes(care)


def test_a_page_that_is_empty_is_seen(filled: Path, care: SqliteCare) -> None:
    content = bytearray(database_file(filled).read_bytes())
    start = content.rindex(b"shop-7.test") // PAGE * PAGE
    content[start : start + PAGE] = bytes(PAGE)
    database_file(filled).write_bytes(content)
    assert not care.check().sound


def test_a_file_that_is_no_database_is_seen(filled: Path, care: SqliteCare) -> None:
    database_file(filled).write_text("a note")
    assert codes(care) == {"no-database"}


def test_another_database_is_not_taken_for_ours(filled: Path, care: SqliteCare) -> None:
    database_file(filled).unlink()
    with closing(sqlite3.connect(database_file(filled))) as other:
        other.execute("CREATE TABLE managedcertificate (id TEXT PRIMARY KEY, json TEXT)")
    assert codes(care) == {"other-database"}


def test_a_wal_that_was_lost_is_missed(filled: Path, care: SqliteCare) -> None:
    before = database_file(filled).read_bytes()
    add(filled, "late.test")
    database_file(filled).write_bytes(before)
    assert codes(care) == {"changes-lost"}


def test_a_state_file_that_is_gone_is_no_damage(filled: Path, care: SqliteCare) -> None:
    (filled / "manageditems.state").unlink()
    assert care.check().sound


def test_a_state_file_that_is_torn_is_no_damage(filled: Path, care: SqliteCare) -> None:
    (filled / "manageditems.state").write_bytes(b"\xff" * 11)
    assert care.check().sound


def test_checking_changes_nothing(filled: Path, care: SqliteCare) -> None:
    before = database_file(filled).read_bytes()
    care.check()
    assert database_file(filled).read_bytes() == before


def test_a_database_that_is_not_there_cannot_be_checked(tmp_path: Path, care: SqliteCare) -> None:
    with pytest.raises(LocalFault, match="cannot be read"):
        care.check()
