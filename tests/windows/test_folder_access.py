"""The data folder on Windows is open to the service and to administrators alone; who else gets in is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_windows_service.folder_access import CHANGING, EVERYBODY, Entry, sid_of, strangers

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


@pytest.mark.parametrize(("rights", "found"), [(READ, []), (0x2, [USERS]), (0x40000, [USERS]), (0x10000000, [USERS])])
def test_who_may_but_read_what_holds_no_secret_is_none(rights: int, found: list[str]) -> None:
    assert strangers([Entry(USERS, rights)], {SERVICE}, CHANGING) == found


@pytest.mark.parametrize(
    ("account", "sid"),
    [
        ("", "S-1-5-18"),
        ("LocalSystem", "S-1-5-18"),
        (".\\LocalSystem", "S-1-5-18"),
        ("NT AUTHORITY\\LocalService", "S-1-5-19"),
        ("NT AUTHORITY\\NetworkService", "S-1-5-20"),
        ("NT SERVICE\\TrustedInstaller", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"),
    ],
)
def test_an_account_made_for_services_is_known_before_the_service_is_installed(account: str, sid: str) -> None:
    assert sid_of(account) == sid


if sys.platform == "win32":
    import getpass
    from collections.abc import Iterator
    from typing import Any

    from certify_core.api import Finding, LocalFault, PluginContext, ServiceWish, Severity
    from certify_core.plugins import Plugins
    from certify_core.testing.health_check import HealthCheckContract
    from certify_windows_service import folder_access
    from certify_windows_service.folder_check import FolderAccessCheck
    from certify_windows_service.manager import NAME, WindowsServices
    from tests.support.permissions import open_to_others

    def open_to_everybody(folder: Path) -> Path:
        """Let everybody read a folder."""
        open_to_others(folder)
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

    @pytest.mark.parametrize("name", ["serviceconfig.json", "servers.json"])
    def test_what_the_service_or_its_clients_believe_and_others_may_write_is_found(tmp_path: Path, name: str) -> None:
        folder_access.close_to_others(tmp_path, [folder_access.own_sid()])
        (tmp_path / name).write_text("{}")
        open_to_everybody(tmp_path / name)
        assert [item.subject for item in FolderAccessCheck(tmp_path).run()] == [str(tmp_path / name)]

    @pytest.fixture
    def of_another(monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything belongs to the users; played, as Wine says of all that it belongs to whom it runs as."""
        monkeypatch.setattr(folder_access, "owner", lambda _: USERS)

    @pytest.mark.usefixtures("of_another")
    def test_a_folder_that_belongs_to_another_is_found_though_its_list_lets_nobody_in(tmp_path: Path) -> None:
        folder_access.close_to_others(tmp_path, [folder_access.own_sid()])
        (found,) = FolderAccessCheck(tmp_path).run()
        assert (found.code, "It belongs to" in found.evidence) == ("folder-open-to-others", True)
        assert "lets in" not in found.evidence

    @pytest.mark.usefixtures("of_another")
    def test_closing_a_folder_gives_it_to_the_administrators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import win32security

        asked: list[tuple[Any, ...]] = []
        monkeypatch.setattr(win32security, "SetNamedSecurityInfo", lambda *how: asked.append(how))
        folder_access.close_to_others(tmp_path, [])
        ((_, _, what, owner, *_),) = asked
        assert (what & 0x1, win32security.ConvertSidToStringSid(owner)) == (0x1, "S-1-5-32-544")

    def test_what_closes_a_folder_that_the_service_makes_itself(tmp_path: Path) -> None:
        (keeper,) = Plugins.load(PluginContext(tmp_path)).folder_keepers
        keeper.close(open_to_everybody(tmp_path))
        assert [item.code for item in FolderAccessCheck(tmp_path).run()] == ["folder-access"]

    def test_installing_the_service_closes_its_folder(tmp_path: Path) -> None:
        data, manager = tmp_path / "data", WindowsServices()
        try:
            done = manager.install(ServiceWish((sys.executable, "-c", "pass"), data))
        finally:
            manager.uninstall()
        assert [item.code for item in FolderAccessCheck(data).run()] == ["folder-access"]
        assert any("open to the service" in line for line in done)

    @pytest.mark.parametrize("administrator", [True, False])
    def test_who_closes_a_folder_is_let_in_by_name_only_without_the_rights_of_an_administrator(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, administrator: bool
    ) -> None:
        kept: list[set[str]] = []
        monkeypatch.setattr(folder_access, "is_administrator", lambda: administrator)
        monkeypatch.setattr(folder_access, "close_to_others", lambda _, keepers: kept.append(keepers))
        found = Finding("folder-open-to-others", Severity.ERROR, "It is open.", subject=str(tmp_path))
        FolderAccessCheck(tmp_path).fix(found)
        assert (folder_access.own_sid() in kept[0]) is not administrator

    GONE = ".\\gone"

    @pytest.fixture
    def services() -> Iterator[WindowsServices]:
        """Windows' services, of which none is ours before and after."""
        manager = WindowsServices()
        yield manager
        if manager.status().installed:
            manager.uninstall()

    @pytest.fixture
    def for_an_account_that_is_gone(services: WindowsServices) -> None:
        """The service is installed for an account that cannot be looked up."""
        import win32service as scm

        kind = (scm.SERVICE_WIN32_OWN_PROCESS, scm.SERVICE_DEMAND_START, scm.SERVICE_ERROR_NORMAL)
        manager = scm.OpenSCManager(None, None, scm.SC_MANAGER_ALL_ACCESS)
        how = (NAME, NAME, scm.SERVICE_ALL_ACCESS, *kind, "other.exe", None, 0, None, GONE, "secret")
        scm.CloseServiceHandle(scm.CreateService(manager, *how))
        scm.CloseServiceHandle(manager)

    @pytest.mark.usefixtures("for_an_account_that_is_gone")
    def test_a_service_whose_account_cannot_be_looked_up_is_not_locked_out(tmp_path: Path) -> None:
        before = folder_access.entries(open_to_everybody(tmp_path))
        found = Finding("folder-open-to-others", Severity.ERROR, "It is open.", subject=str(tmp_path))
        with pytest.raises(
            LocalFault, match="gone cannot be looked up; who may enter the data folder was left as it is"
        ) as failed:
            FolderAccessCheck(tmp_path).fix(found)
        assert (folder_access.entries(tmp_path), bool(failed.value.remedy)) == (before, True)

    @pytest.mark.usefixtures("for_an_account_that_is_gone")
    def test_a_service_whose_account_is_gone_can_be_given_another(services: WindowsServices, tmp_path: Path) -> None:
        account = f".\\{getpass.getuser()}"
        services.install(ServiceWish(("other.exe",), tmp_path, account=account, password="secret"))
        assert [item.code for item in FolderAccessCheck(tmp_path).run()] == ["folder-access"]

    def test_installing_for_an_account_that_cannot_be_looked_up_makes_nothing(
        services: WindowsServices, tmp_path: Path
    ) -> None:
        data = tmp_path / "data"
        with pytest.raises(LocalFault, match="cannot be looked up"):
            services.install(ServiceWish(("other.exe",), data, account=GONE, password="secret"))
        assert (services.status().installed, data.exists()) == (False, False)

    def test_installing_again_without_an_account_leaves_the_folder_open_to_the_one_it_has(
        services: WindowsServices, tmp_path: Path
    ) -> None:
        account = f".\\{getpass.getuser()}"
        services.install(ServiceWish(("other.exe",), tmp_path, account=account, password="secret"))
        said = services.install(ServiceWish(("another.exe",), tmp_path))
        allowed = [entry.sid for entry in folder_access.entries(tmp_path) or []]
        assert (account in said[0], sid_of(account) in allowed) == (True, True)
