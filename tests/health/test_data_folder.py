"""The data folder: who may read it, whom it belongs to, and the room on its disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from certify_core.api import Finding, LocalFault, Severity
from certify_core.health.disk import DiskCheck
from certify_core.health.permissions import PermissionsCheck
from tests.support.checks import codes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as the service makes it."""
    data = tmp_path / "data"
    (data / "assets").mkdir(parents=True)
    for path, mode in ((data, 0o700), (data / "assets", 0o700)):
        path.chmod(mode)
    for name in ("master.key", "api.token", "manageditems.db"):
        (data / name).write_text("secret")
        (data / name).chmod(0o600)
    return data


def look(folder: Path) -> Sequence[Finding]:
    """Run the check of permissions."""
    return PermissionsCheck(folder).run()


def test_a_folder_as_the_service_makes_it_is_in_order(folder: Path) -> None:
    assert codes(look(folder)) == {"permissions"}


@pytest.mark.parametrize("name", ["master.key", "api.token", "manageditems.db", "assets"])
def test_what_others_may_read_is_found_and_closed(folder: Path, name: str) -> None:
    (folder / name).chmod(0o755)
    (found,) = look(folder)
    assert (found.code, found.severity, found.subject) == ("permissions-too-open", Severity.ERROR, str(folder / name))
    PermissionsCheck(folder).fix(found)
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700
    assert codes(look(folder)) == {"permissions"}


@pytest.mark.parametrize("name", [".", "serviceconfig.json", "servers.json"])
def test_others_may_read_and_not_write_what_is_no_secret(folder: Path, name: str) -> None:
    path = folder / name
    if not path.exists():
        path.write_text("{}")
    path.chmod(0o755)
    before = codes(look(folder))
    path.chmod(0o777)
    assert (before, codes(look(folder))) == ({"permissions"}, {"permissions-too-open"})


def test_the_content_stays_as_it_is(folder: Path) -> None:
    (folder / "api.token").chmod(0o644)
    (found,) = look(folder)
    PermissionsCheck(folder).fix(found)
    assert (folder / "api.token").read_text() == "secret"


def test_a_link_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "elsewhere").chmod(0o644)
    (folder / "master.key").unlink()
    (folder / "master.key").symlink_to(tmp_path / "elsewhere")
    assert codes(look(folder)) == {"permissions"}


def test_a_file_that_another_user_has_put_there_is_found_and_given_to_the_folders_owner(folder: Path) -> None:
    assert os.geteuid() == 0, "this test changes owners, as root may"
    os.chown(folder / "api.token", 12_345, 12_345)
    (found,) = look(folder)
    assert (found.code, "12345" in found.evidence) == ("foreign-owner", True)
    PermissionsCheck(folder).fix(found)
    assert codes(look(folder)) == {"permissions"}


def test_a_file_deep_down_that_another_user_has_put_there_is_found_and_given_to_the_folders_owner(folder: Path) -> None:
    deep = folder / "assets" / "app" / "1" / "privkey.sealed"
    deep.parent.mkdir(parents=True)
    (folder / "assets").chmod(0o700)
    deep.touch()
    (folder / "backups").mkdir(mode=0o700)
    os.link(deep, folder / "backups" / "privkey.sealed")
    os.chown(deep, 12_345, 12_345)
    strange = look(folder)
    told = PermissionsCheck(folder).fix(strange[0])
    assert ({found.code for found in strange}, str(deep) in strange[0].what) == ({"foreign-owner"}, True)
    assert (codes(look(folder)), "assets" in told) == ({"permissions"}, True)


def test_a_file_that_has_another_name_outside_the_folder_is_given_to_nobody(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    os.link(elsewhere, folder / "link")
    os.chown(elsewhere, 12_345, 12_345)
    (found,) = look(folder)
    with pytest.raises(LocalFault, match="another name outside"):
        PermissionsCheck(folder).fix(found)
    assert elsewhere.stat().st_uid == 12_345


def test_room_on_the_disk_is_said(tmp_path: Path) -> None:
    (found,) = DiskCheck(tmp_path, tight=1, full=0).run()
    assert (found.code, " MB are free" in found.evidence) == ("disk", True)


@pytest.mark.parametrize(
    ("tight", "full", "code", "severity"),
    [(2**62, 0, "disk-tight", Severity.WARNING), (2**62, 2**62, "disk-full", Severity.ERROR)],
)
def test_too_little_room_is_said(tmp_path: Path, tight: int, full: int, code: str, severity: Severity) -> None:
    (found,) = DiskCheck(tmp_path, tight=tight, full=full).run()
    assert (found.code, found.severity) == (code, severity)


def test_a_folder_that_takes_no_file_is_said() -> None:
    findings = DiskCheck(Path("/proc"), tight=0, full=0).run()
    assert "folder-not-writable" in codes(findings)


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    DiskCheck(tmp_path).run()
    assert list(tmp_path.iterdir()) == []
