"""Recovery: what can be read, what the journal and the backup have, and nothing that was deleted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from certify_core.api import Source
from certify_store_sqlite.care import SqliteCare
from tests.plugins.store_sqlite.conftest import NAMES
from tests.support.campaign import content_of
from tests.support.contents import add, delete, names
from tests.support.killing import KILLED
from tests.support.stores import database_file, open_store

EVERYTHING = sorted([*NAMES, "late.test"])
DYING = """
import os, sys
from pathlib import Path
from certify_core.api import PluginContext
from certify_store_sqlite import SqliteStore
from certify_store_sqlite import recovery
point = sys.argv[2]
def dying(original):
    def act(*arguments, **keywords):
        if sys.argv[3] == "after":
            original(*arguments, **keywords)
        os.kill(os.getpid(), 9)
    return act
setattr(recovery, point, dying(getattr(recovery, point)))
SqliteStore().care(PluginContext(Path(sys.argv[1]))).prepare()
"""


@pytest.fixture
def backed_up(filled: Path, care: SqliteCare) -> Path:
    """A data folder with a backup, and one certificate that came after it."""
    care.back_up("daily")
    add(filled, "late.test")
    return filled


def without_journal(folder: Path) -> None:
    """Take the journal away."""
    for journal in folder.glob("manageditems.journal*"):
        journal.unlink()


def garble(folder: Path) -> None:
    """Make the database's first page anything."""
    content = bytearray(database_file(folder).read_bytes())
    content[:4096] = bytes(range(256)) * 16
    database_file(folder).write_bytes(content)


def test_a_sound_database_is_left_alone(backed_up: Path, care: SqliteCare) -> None:
    before = content_of(database_file(backed_up))
    assert (care.prepare(), content_of(database_file(backed_up))) == (None, before)


def test_a_new_data_folder_needs_nothing(tmp_path: Path, care: SqliteCare) -> None:
    assert (care.prepare(), list(tmp_path.iterdir())) == (None, [])


def test_rows_are_read_from_pages_that_nothing_leads_to(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    garble(backed_up)
    care.prepare()
    assert names(backed_up) == EVERYTHING


def test_a_database_that_is_gone_comes_back_from_backup_and_journal(backed_up: Path, care: SqliteCare) -> None:
    database_file(backed_up).unlink()
    care.prepare()
    assert names(backed_up) == EVERYTHING


def test_without_a_journal_it_comes_back_as_the_backup_has_it(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    database_file(backed_up).unlink()
    care.prepare()
    assert names(backed_up) == sorted(NAMES)


def test_it_does_not_pretend_to_be_complete_where_it_is_not(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    database_file(backed_up).unlink()
    report = care.prepare()
    assert report is not None
    assert not report.complete


def test_it_says_that_it_is_complete_where_it_is(backed_up: Path, care: SqliteCare) -> None:
    garble(backed_up)
    report = care.prepare()
    assert report is not None
    assert report.complete


def test_a_recovery_of_a_sound_database_tells_of_no_damage(backed_up: Path, care: SqliteCare) -> None:
    with open_store(backed_up):
        care.missed()
    assert care.recover().damages == ()


def test_a_recovery_tells_what_was_missed_while_the_store_was_open(backed_up: Path, care: SqliteCare) -> None:
    care.missed()
    database_file(backed_up).unlink()
    care.missed()
    assert [damage.code for damage in care.recover().damages] == ["file-taken", "no-database"]


def test_what_was_deleted_after_the_backup_stays_deleted(backed_up: Path, care: SqliteCare) -> None:
    delete(backed_up, "shop-7.test")
    garble(backed_up)
    care.prepare()
    assert names(backed_up) == sorted({*EVERYTHING} - {"shop-7.test"})


def test_the_damaged_file_is_set_aside_untouched(backed_up: Path, care: SqliteCare) -> None:
    garble(backed_up)
    damaged = database_file(backed_up).read_bytes()
    report = care.prepare()
    assert report is not None
    assert report.set_aside is not None
    assert (report.set_aside / "manageditems.db").read_bytes() == damaged


def test_the_report_says_row_by_row_what_came_from_where(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    database_file(backed_up).unlink()
    report = care.prepare()
    assert report is not None
    assert report.set_aside is not None
    written = json.loads((report.set_aside / "report.json").read_text())
    tables = {fate["table"] for fate in written["fates"] if fate["source"] == Source.BACKUP}
    assert {"managedcertificate", "deployment"} <= tables


def test_a_recovered_database_is_sound(backed_up: Path, care: SqliteCare) -> None:
    garble(backed_up)
    care.prepare()
    assert care.check().sound


def test_a_recovered_database_can_be_backed_up(backed_up: Path, care: SqliteCare) -> None:
    garble(backed_up)
    care.prepare()
    assert care.back_up("daily").rows["managedcertificate"] == len(EVERYTHING)


def spoil(copy: Path, name: str) -> None:
    """Damage one place of a backup, and no other file that is the same one by another name."""
    content = bytearray(copy.read_bytes())
    content[content.rindex(name.encode())] ^= 1
    copy.unlink()
    copy.write_bytes(content)


def test_a_damaged_backup_gives_the_rows_that_hold(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    database_file(backed_up).unlink()
    for copy in (backed_up / "manageditems.db.bak", *backed_up.glob("backups/*/manageditems.db")):
        spoil(copy, "shop-7.test")
    care.prepare()
    assert len(names(backed_up)) >= len(NAMES) - 2


def test_of_damaged_backups_each_gives_what_another_lacks(backed_up: Path, care: SqliteCare) -> None:
    without_journal(backed_up)
    database_file(backed_up).unlink()
    spoil(backed_up / "manageditems.db.bak", "shop-7.test")
    for copy in backed_up.glob("backups/*/manageditems.db"):
        spoil(copy, "shop-8.test")
    care.prepare()
    assert names(backed_up) == sorted(NAMES)


def is_complete(care: SqliteCare) -> bool:
    """Have the database recovered, and return whether nothing is said to be lost."""
    report = care.prepare()
    assert report is not None
    return report.complete


def test_with_an_older_backup_it_does_not_pretend_to_be_complete(backed_up: Path, care: SqliteCare) -> None:
    newest = care.back_up("daily").path
    add(backed_up, "last.test")
    for copy in (newest / "manageditems.db", backed_up / "manageditems.db.bak"):
        spoil(copy, "late.test")
    database_file(backed_up).unlink()
    assert not is_complete(care)


def test_with_backups_that_are_partly_good_it_does_not_pretend_to_be_complete(
    backed_up: Path, care: SqliteCare
) -> None:
    (older,) = backed_up.glob("backups/*/manageditems.db")
    newest = care.back_up("daily").path
    add(backed_up, "last.test")
    spoil(older, "shop-7.test")
    for copy in (newest / "manageditems.db", backed_up / "manageditems.db.bak"):
        spoil(copy, "late.test")
    database_file(backed_up).unlink()
    assert not is_complete(care)


def test_with_the_well_known_copy_of_the_newest_backup_it_is_complete(backed_up: Path, care: SqliteCare) -> None:
    for copy in backed_up.glob("backups/*/manageditems.db"):
        spoil(copy, "shop-7.test")
    database_file(backed_up).unlink()
    assert is_complete(care)


def test_with_a_backup_that_was_never_finished_it_is_complete(backed_up: Path, care: SqliteCare) -> None:
    (backed_up / "backups" / "half").mkdir()
    database_file(backed_up).unlink()
    assert is_complete(care)


def test_with_nothing_left_an_empty_database_is_begun_and_said(filled: Path, care: SqliteCare) -> None:
    without_journal(filled)
    database_file(filled).write_text("a note")
    report = care.prepare()
    assert report is not None
    assert (report.complete, report.fates[0].source, names(filled)) == (False, Source.NOWHERE, [])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("point", ["_set_aside", "build", "_take_place", "_finish"])
def test_a_recovery_that_is_killed_is_done_by_the_next_start(
    backed_up: Path, care: SqliteCare, point: str, moment: str
) -> None:
    garble(backed_up)
    ended = subprocess.run([sys.executable, "-c", DYING, str(backed_up), point, moment], check=False)
    care.prepare()
    assert (ended.returncode, names(backed_up), care.check().sound) == (KILLED, EVERYTHING, True)
