"""A machine with Certify The Web keeps it as it is: nothing of ours is installed over its service or its folder."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from certify_core.api import LocalFault, NotFound
from certify_windows_service.certify_the_web import is_its_service, its_files, refuse_beside

COMMAND = (
    r'"C:\Program Files\CertifyTheWeb\Certify.Service.exe" -displayname "Certify Certificate Manager Service" '
    '-servicename "Certify.Service"'
)
OURS = r'"C:\Program Files\Python311\python.exe" -m certify_core.cli service run --data-dir C:\ProgramData\Certify'
SETTINGS = {"UseHTTPS": False, "Port": 9696, "Host": "127.0.0.2", "PowershellExecutionPolicy": "Unrestricted"}


def make_database(path: Path, table: str) -> None:
    """Make a database as it does, which is closed as it is when its service stops."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute(f"CREATE TABLE {table} (id TEXT NOT NULL UNIQUE PRIMARY KEY, json TEXT NOT NULL)")


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def its_folder(tmp_path: Path) -> Path:
    """Its data folder, as its version 6 leaves it."""
    folder = tmp_path / "certify"
    folder.mkdir()
    make_database(folder / "manageditems.db", "manageditem")
    make_database(folder / "cred.db", "credential")
    (folder / "serviceconfig.json").write_text(json.dumps(SETTINGS), encoding="utf-8-sig")
    (folder / "appsettings.json").write_text("{}")
    return folder


@pytest.mark.parametrize("command", [COMMAND, COMMAND.replace('"', "").upper()])
def test_its_service_is_known_by_its_program(command: str) -> None:
    assert is_its_service(command)


def test_our_service_is_not_taken_for_its() -> None:
    assert not is_its_service(OURS)


def test_its_files_are_known_and_looking_leaves_none_behind(its_folder: Path) -> None:
    before = contents(its_folder)
    assert its_files(its_folder) == ["appsettings.json", "cred.db", "manageditems.db", "serviceconfig.json"]
    assert contents(its_folder) == before


@pytest.mark.parametrize("left", ["appsettings.json", "cred.db", "manageditems.db", "serviceconfig.json"])
def test_each_of_its_files_is_enough(its_folder: Path, left: str) -> None:
    for file in its_folder.iterdir():
        if file.name != left:
            file.unlink()
    with pytest.raises(LocalFault, match=left):
        refuse_beside("", its_folder)


def test_files_of_ours_that_are_called_as_its_are_not_taken_for_them(tmp_path: Path) -> None:
    make_database(tmp_path / "manageditems.db", "managedcertificate")
    (tmp_path / "serviceconfig.json").write_text('{"port": 9697, "logLevel": "debug"}')
    assert its_files(tmp_path) == []


def test_a_file_that_nobody_can_read_as_its_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "manageditems.db").write_bytes(b"no database")
    (tmp_path / "serviceconfig.json").write_bytes(b"no JSON")
    assert its_files(tmp_path) == []


def test_a_folder_in_which_certify_has_worked_is_ours_whatever_else_is_in_it(its_folder: Path) -> None:
    (its_folder / "master.key").touch()
    refuse_beside(OURS, its_folder)
    assert its_files(its_folder) == []


def test_the_refusal_says_what_is_there_and_every_step_that_leads_on(its_folder: Path) -> None:
    with pytest.raises(LocalFault) as refused:
        refuse_beside(COMMAND, its_folder)
    found = "appsettings.json, cred.db, manageditems.db, serviceconfig.json"
    assert refused.value.cause == (
        f"Certify The Web is on this machine: its service has the name of ours and runs {COMMAND}, "
        f"and its files are in {its_folder} ({found}). Nothing was changed."
    )
    assert refused.value.remedy == (
        f"In this order: export its CSV file and uninstall it, move {its_folder} to another place, run this again. "
        "What it looked after comes in by `certify import csv`: docs/moving.md, From Certify The Web."
    )


if sys.platform == "win32":
    import win32service

    from certify_windows_service.manager import NAME, WindowsServices
    from tests.support.service import Service

    @pytest.fixture
    def its_service() -> Iterator[tuple[object, ...]]:
        """Its service in Windows' service manager; yields what Windows knows of it, and it is there afterwards too."""
        everything = win32service.SERVICE_ALL_ACCESS
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
        kind = (win32service.SERVICE_WIN32_OWN_PROCESS, win32service.SERVICE_AUTO_START, 1)
        made = win32service.CreateService(
            manager, NAME, "Certify", everything, *kind, COMMAND, None, 0, None, None, None
        )
        try:
            before = win32service.QueryServiceConfig(made)
            yield before
            assert win32service.QueryServiceConfig(made) == before
        finally:
            win32service.DeleteService(made)
            win32service.CloseServiceHandle(made)
            win32service.CloseServiceHandle(manager)

    def test_the_command_installs_nothing_over_its_service(its_service: object, tmp_path: Path) -> None:
        ended = Service(tmp_path / "data").certify("service", "install")
        assert (ended.code, "export its CSV file and uninstall it" in ended.err) == (1, True), ended
        assert not (tmp_path / "data").exists()

    def test_the_command_installs_nothing_where_its_files_are(its_folder: Path) -> None:
        before = contents(its_folder)
        ended = Service(its_folder).certify("service", "install")
        assert (ended.code, f"move {its_folder} to another place" in ended.err) == (1, True), ended
        assert (contents(its_folder), WindowsServices().status().installed) == (before, False)

    @pytest.mark.parametrize("verb", ["start", "stop", "uninstall"])
    def test_its_service_is_not_ours_to_use(its_service: object, verb: str) -> None:
        with pytest.raises(NotFound, match="is that of Certify The Web; Certify is not installed"):
            getattr(WindowsServices(), verb)()

    def test_its_service_is_not_said_to_be_ours(its_service: object) -> None:
        found = WindowsServices().status()
        assert (found.installed, "is that of Certify The Web" in found.detail) == (False, True)
