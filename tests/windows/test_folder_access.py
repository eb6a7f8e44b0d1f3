"""The data folder on Windows is open to the service and to administrators alone; who else gets in is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_windows_service.folder_access import EVERYBODY, Entry, strangers

READ, PASS_THROUGH = 0x1200A9, 0x100020
SERVICE, USERS = "S-1-5-80-7", "S-1-5-32-545"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (None, [EVERYBODY]),
        ([], []),
        ([Entry("S-1-5-18", 0x1F01FF), Entry("S-1-5-32-544", 0x1F01FF)], []),
        ([Entry(SERVICE, 0x1F01FF)], []),
        ([Entry(USERS, READ)], [USERS]),
        ([Entry(USERS, PASS_THROUGH)], []),
        ([Entry(USERS, 0x80000000), Entry(USERS, READ)], [USERS]),
        ([Entry("S-1-3-0", 0x10000000)], []),
    ],
)
def test_who_may_read_or_change_it_and_is_not_trusted_is_a_stranger(
    entries: list[Entry] | None, found: list[str]
) -> None:
    assert strangers(entries, {SERVICE}) == found


if sys.platform == "win32":
    from certify_core.api import ServiceWish, Severity
    from certify_core.testing.health_check import HealthCheckContract
    from certify_windows_service import folder_access
    from certify_windows_service.folder_check import FolderAccessCheck
    from certify_windows_service.manager import WindowsServices

    def open_to_everybody(folder: Path) -> Path:
        """Let everybody read a folder."""
        import win32security

        everybody = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor("D:(A;OICI;FA;;;WD)", 1)
        listed = everybody.GetSecurityDescriptorDacl()
        win32security.SetNamedSecurityInfo(str(folder), 1, 0x4, None, None, listed, None)
        return folder

    class TestContract(HealthCheckContract):
        @pytest.fixture
        def check(self, tmp_path: Path) -> FolderAccessCheck:
            return FolderAccessCheck(tmp_path)

    def test_a_folder_that_everybody_may_read_is_found_and_closed(tmp_path: Path) -> None:
        check = FolderAccessCheck(open_to_everybody(tmp_path))
        (found,) = check.run()
        assert (found.code, found.severity, found.fixable) == ("folder-open-to-others", Severity.ERROR, True)
        check.fix(found)
        assert [item.code for item in check.run()] == ["folder-access"]

    def test_a_closed_folder_can_still_be_used(tmp_path: Path) -> None:
        check = FolderAccessCheck(open_to_everybody(tmp_path))
        check.fix(check.run()[0])
        (tmp_path / "file").write_text("mine")
        assert (tmp_path / "file").read_text() == "mine"

    def test_a_secret_with_a_list_of_its_own_is_found(tmp_path: Path) -> None:
        folder_access.close_to_others(tmp_path, [folder_access.own_sid()])
        (tmp_path / "api.token").write_text("secret")
        open_to_everybody(tmp_path / "api.token")
        assert [item.subject for item in FolderAccessCheck(tmp_path).run()] == [str(tmp_path / "api.token")]

    def test_installing_the_service_closes_its_folder(tmp_path: Path) -> None:
        data, manager = tmp_path / "data", WindowsServices()
        try:
            done = manager.install(ServiceWish((sys.executable, "-c", "pass"), data))
        finally:
            manager.uninstall()
        assert [item.code for item in FolderAccessCheck(data).run()] == ["folder-access"]
        assert any("open to the service" in line for line in done)
