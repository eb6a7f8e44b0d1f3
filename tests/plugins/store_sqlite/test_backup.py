"""Backups: whole or not at all, never of a damaged database, and kept by age."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import Backup, LocalFault, NotFound
from certify_store_sqlite import generations, guards
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES, spoil
from tests.support.contents import add, names
from tests.support.stores import database_file, open_store

DAY = 86_400.0


def test_a_backup_is_a_database_of_its_own(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    with closing(sqlite3.connect(made.path / "manageditems.db")) as copy:
        found = [name for (name,) in copy.execute("SELECT name FROM managedcertificate")]
    assert sorted(found) == sorted(NAMES)


def test_the_newest_has_the_name_that_everybody_knows(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    assert (filled / "manageditems.db.bak").read_bytes() == (made.path / "manageditems.db").read_bytes()


def test_it_is_made_while_the_store_is_open_and_written(filled: Path, care: SqliteCare) -> None:
    with open_store(filled):
        add(filled, "meanwhile.test")
        assert care.back_up("asked").rows["managedcertificate"] == 51


def test_it_holds_the_other_files_of_the_data_folder(filled: Path, care: SqliteCare) -> None:
    (filled / "serviceconfig.json").write_text("{}")
    (filled / "assets" / "app" / "1").mkdir(parents=True)
    (filled / "assets" / "app" / "1" / "fullchain.pem").write_text("a certificate")
    made = care.back_up("asked").path / "files"
    assert {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()} == {
        "serviceconfig.json",
        "master.key",
        str(Path("assets/app/1/fullchain.pem")),
    }


def test_nobody_else_may_read_it(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    assert made.path.stat().st_mode & 0o077 == 0


def test_a_damaged_database_is_not_backed_up(filled: Path, care: SqliteCare) -> None:
    good = care.back_up("asked")
    before = (filled / "manageditems.db.bak").read_bytes()
    spoil(database_file(filled))
    with pytest.raises(LocalFault, match="damaged"):
        care.back_up("daily")
    assert ([backup.id for backup in care.backups()], (filled / "manageditems.db.bak").read_bytes()) == (
        [good.id],
        before,
    )


def test_a_backup_without_a_manifest_is_not_taken_for_one(filled: Path, care: SqliteCare) -> None:
    (care.back_up("asked").path / "manifest.json").unlink()
    assert [bool(backup.fault) for backup in care.backups()] == [True]


def test_the_newest_is_listed_first(filled: Path, care: SqliteCare) -> None:
    first, second = care.back_up("start"), care.back_up("daily")
    assert [(backup.id, backup.reason) for backup in care.backups()] == [(second.id, "daily"), (first.id, "start")]


def test_a_backup_is_put_back(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    add(filled, "late.test")
    care.restore(made.id)
    assert names(filled) == sorted(NAMES)


def test_what_was_there_is_set_aside(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    before = database_file(filled).read_bytes()
    report = care.restore(made.id)
    assert report.set_aside is not None
    assert (report.set_aside / "manageditems.db").read_bytes() == before


def test_other_files_are_put_back_too(filled: Path, care: SqliteCare) -> None:
    (filled / "serviceconfig.json").write_text('{"port": 1}')
    made = care.back_up("asked")
    (filled / "serviceconfig.json").write_text('{"port": 2}')
    care.restore(made.id)
    assert (filled / "serviceconfig.json").read_text() == '{"port": 1}'


def test_what_was_put_back_is_sound(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    add(filled, "late.test")
    care.restore(made.id)
    assert care.prepare() is None


def test_what_came_after_a_backup_that_was_put_back_does_not_come_again(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    add(filled, "late.test")
    care.restore(made.id)
    database_file(filled).unlink()
    care.prepare()
    assert "late.test" not in names(filled)


def test_a_damaged_backup_is_not_put_back(filled: Path, care: SqliteCare) -> None:
    made = care.back_up("asked")
    spoil(made.path / "manageditems.db")
    with pytest.raises(LocalFault, match="not what was backed up"):
        care.restore(made.id)


def test_a_backup_that_there_is_not_cannot_be_put_back(filled: Path, care: SqliteCare) -> None:
    with pytest.raises(NotFound):
        care.restore("20200101T000000Z")


def aged(folder: Path, *ages: float) -> list[Backup]:
    """Return backups of so many days ago."""
    now = 1_800_000_000.0
    backups = []
    for age in sorted(ages):
        path = folder / f"{age:g}"
        path.mkdir()
        backups.append(Backup(path.name, now - age * DAY, "daily", path, 0, {}, 0))
    return backups


@pytest.mark.parametrize(
    ("ages", "kept"),
    [
        ((0, 1, 2, 3), {"0", "1", "2", "3"}),
        ((0, 0.1, 0.2, 0.3), {"0", "0.1"}),
        ((0, 7.1, 100, 200), {"0", "7.1"}),
        ((300, 301), {"300", "301"}),
    ],
)
def test_one_a_day_is_kept_for_a_week_and_one_a_week_for_a_quarter(
    tmp_path: Path, ages: tuple[float, ...], kept: set[str]
) -> None:
    generations.prune(aged(tmp_path, *ages), 1_800_000_000.0)
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_with_a_backup_every_day_for_a_year_few_are_kept(tmp_path: Path) -> None:
    generations.prune(aged(tmp_path, *range(365)), 1_800_000_000.0)
    assert 18 <= len(list(tmp_path.iterdir())) <= 22


def test_a_deletion_is_remembered_for_longer_than_any_backup_is_kept(tmp_path: Path) -> None:
    generations.prune(aged(tmp_path, *range(365)), 1_800_000_000.0)
    oldest = max(float(path.name) for path in tmp_path.iterdir())
    assert (oldest + 1) * DAY < guards.REMEMBERED
