"""Root gives files to the owner of a folder, and the owner cannot have root give him others: this needs root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certify_core.ownership import give_to_owner, names_in
from tests.support.another_account import NOBODY, belonging_to


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of somebody else's."""
    return belonging_to(NOBODY, tmp_path / "folder")


@pytest.fixture
def shadow(tmp_path: Path) -> Path:
    """A file of root's elsewhere."""
    file = tmp_path / "shadow"
    file.write_text("root's")
    return file


def everything(_: os.stat_result) -> bool:
    """Want everything."""
    return True


def test_it_goes_down_to_the_last_file(folder: Path) -> None:
    (folder / "one" / "two").mkdir(parents=True)
    (folder / "one" / "two" / "file").touch()
    give_to_owner(folder, everything)
    assert {path.stat().st_uid for path in folder.rglob("*")} == {NOBODY}


def test_only_what_is_wanted_is_given(folder: Path) -> None:
    (folder / "empty").touch()
    (folder / "full").write_text("something")
    give_to_owner(folder, lambda facts: facts.st_size > 0)
    assert [(folder / name).stat().st_uid for name in ("empty", "full")] == [0, NOBODY]


def test_a_link_leads_nowhere(folder: Path, shadow: Path) -> None:
    (folder / "link").symlink_to(shadow)
    give_to_owner(folder, everything)
    assert shadow.stat().st_uid == 0


def test_a_link_to_a_folder_leads_nowhere(folder: Path, shadow: Path) -> None:
    (folder / "link").symlink_to(shadow.parent)
    give_to_owner(folder, everything)
    assert shadow.stat().st_uid == 0


def test_a_pipe_holds_nobody_up_and_stays(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    give_to_owner(folder, everything)
    assert (folder / "pipe").stat().st_uid == 0


def test_what_takes_a_files_place_once_it_was_looked_at_is_not_given(folder: Path, shadow: Path) -> None:
    (folder / "file").touch()

    def is_wanted(facts: os.stat_result) -> bool:
        (folder / "file").unlink()
        os.link(shadow, folder / "file")
        return facts.st_nlink == 1

    give_to_owner(folder, is_wanted)
    assert shadow.stat().st_uid == 0


def test_names_elsewhere_are_not_counted(folder: Path, shadow: Path) -> None:
    os.link(shadow, folder / "link")
    (folder / "twice").touch()
    os.link(folder / "twice", folder / "again")
    counted = names_in(folder)
    numbers = [(path.stat().st_nlink, path.stat().st_ino) for path in (shadow, folder / "twice")]
    device = folder.stat().st_dev
    assert [(links, counted[device, inode]) for links, inode in numbers] == [(2, 1), (2, 2)]
