"""What is checked at a start is a copy, which then is the backup of that start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import Backup, LocalFault
from certify_store_sqlite import backup as backups
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES, spoil
from tests.support.contents import add, names
from tests.support.stores import database_file

COPY = "manageditems.db.copy"


def names_in(backup: Backup) -> set[str]:
    """Return the names of all managed certificates in a backup."""
    with closing(sqlite3.connect(backup.path / "manageditems.db")) as database:
        return {name for (name,) in database.execute("SELECT name FROM managedcertificate")}


@pytest.fixture
def started(filled: Path, care: SqliteCare) -> SqliteCare:
    """The care of a store that was prepared and has changed since."""
    assert care.prepare() is None
    add(filled, "late.test")
    return care


def test_the_backup_of_a_start_is_of_what_was_checked(started: SqliteCare) -> None:
    assert names_in(started.back_up("start")) == set(NAMES)


def test_what_was_committed_after_the_copy_is_in_the_journal(filled: Path, started: SqliteCare) -> None:
    started.back_up("start")
    database_file(filled).unlink()
    report = started.prepare()
    assert report is not None
    assert (report.complete, names(filled)) == (True, sorted([*NAMES, "late.test"]))


def test_it_is_damage_after_the_check_that_a_start_does_not_back_up(filled: Path, started: SqliteCare) -> None:
    spoil(database_file(filled))
    assert names_in(started.back_up("start")) == set(NAMES)


def test_a_backup_that_is_asked_for_is_of_what_there_is(started: SqliteCare) -> None:
    assert "late.test" in names_in(started.back_up("asked"))


def test_after_another_backup_that_of_the_start_is_no_older(started: SqliteCare) -> None:
    started.back_up("asked")
    assert "late.test" in names_in(started.back_up("start"))


def test_after_a_restore_no_backup_is_of_what_was_before(filled: Path, started: SqliteCare) -> None:
    kept = started.back_up("asked")
    started.prepare()
    add(filled, "later.test")
    started.restore(kept.id)
    add(filled, "latest.test")
    assert names_in(started.back_up("start")) == {*NAMES, "late.test", "latest.test"}


def test_after_a_recovery_no_backup_is_of_what_was_before(filled: Path, started: SqliteCare) -> None:
    started.recover()
    assert "late.test" in names_in(started.back_up("start"))


def test_nothing_is_left_of_a_copy_that_has_become_a_backup(filled: Path, started: SqliteCare) -> None:
    started.back_up("start")
    assert not (filled / "backups" / COPY).exists()


def test_a_copy_is_no_backup_yet(started: SqliteCare) -> None:
    assert started.backups() == []


def test_a_damaged_database_leaves_no_copy(filled: Path, care: SqliteCare) -> None:
    spoil(database_file(filled))
    assert care.prepare() is not None
    assert not (filled / "backups" / COPY).exists()


def test_a_file_that_is_empty_is_no_database(filled: Path, care: SqliteCare) -> None:
    (filled / "manageditems.state").unlink()
    database_file(filled).write_bytes(b"")
    report = care.prepare()
    assert report is not None
    assert [damage.code for damage in report.damages] == ["no-database"]


def test_an_empty_file_is_not_backed_up(filled: Path, care: SqliteCare) -> None:
    database_file(filled).write_bytes(b"")
    with pytest.raises(LocalFault, match="empty"):
        care.back_up("daily")


def test_what_a_killed_start_has_left_is_replaced(filled: Path, care: SqliteCare) -> None:
    (filled / "backups").mkdir()
    (filled / "backups" / COPY).write_text("half of a copy")
    care.prepare()
    assert names_in(care.back_up("start")) == set(NAMES)


def test_where_no_copy_can_be_made_the_database_is_checked_itself(filled: Path, care: SqliteCare) -> None:
    (filled / "backups").write_text("no folder")
    sound = care.prepare()
    spoil(database_file(filled))
    repaired = care.prepare()
    assert sound is None
    assert repaired is not None
    assert [damage.code for damage in repaired.damages] == ["rows-changed"]


def test_a_backup_waits_for_no_program_without_an_end(
    filled: Path, care: SqliteCare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PATIENCE", 0)
    with closing(sqlite3.connect(database_file(filled), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LocalFault, match="locked"):
            care.back_up("daily")
