"""`certify service` with Windows' own service control manager: the service is made, runs, stops and goes away."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from certify_core.api import LocalFault, NotFound, ServiceManager, ServiceStatus, ServiceWish
from certify_windows_service.faults import DENIED, cause_and_remedy
from tests.support.service import Service
from tests.support.waiting import eventually

STOP_SECONDS = 20.0


def test_an_error_is_known_by_its_number_whatever_the_systems_language() -> None:
    assert "Run as administrator" in cause_and_remedy(DENIED, "Zugriff verweigert")[1]


def test_an_unknown_error_is_told_in_the_systems_words_with_its_number() -> None:
    assert cause_and_remedy(4711, "Etwas ist faul.")[0] == "Windows refuses: Etwas ist faul (error 4711)."


if sys.platform == "win32":
    import winreg

    import win32service

    from certify_windows_service.manager import NAME, WindowsServices

    @pytest.fixture
    def services(tmp_path: Path) -> Iterator[WindowsServices]:
        """Windows' services, of which none is ours before and after."""
        manager = WindowsServices()
        yield manager
        if manager.status().installed:
            manager.uninstall()

    @pytest.fixture
    def service(tmp_path: Path) -> Service:
        """A data folder with a space in its path."""
        return Service(tmp_path / "data folder").configure(port=0)

    @pytest.fixture
    def installed(services: WindowsServices, service: Service) -> WindowsServices:
        """The service is installed."""
        command = (sys.executable, "-m", "certify_core.cli", "service", "run", "--data-dir", str(service.data_dir))
        services.install(ServiceWish(command, service.data_dir))
        return services

    @pytest.fixture
    def running(installed: WindowsServices) -> WindowsServices:
        """The service runs."""
        installed.start()
        return installed

    def configuration() -> tuple[Any, ...]:
        """Return what Windows knows of the service."""
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
        service = win32service.OpenService(manager, NAME, win32service.SERVICE_QUERY_CONFIG)
        try:
            return tuple(win32service.QueryServiceConfig(service))
        finally:
            win32service.CloseServiceHandle(service)
            win32service.CloseServiceHandle(manager)

    def test_it_keeps_the_contract(services: WindowsServices) -> None:
        assert isinstance(services, ServiceManager)

    def test_the_command_installs_it_as_localsystem_to_start_at_boot(
        services: WindowsServices, service: Service
    ) -> None:
        assert service.certify("service", "install").code == 0
        found = configuration()
        assert (found[1], found[7]) == (win32service.SERVICE_AUTO_START, "LocalSystem")
        assert f'service run --data-dir "{service.data_dir}"' in found[3]

    def test_it_starts_after_the_driver_of_http_sys(installed: WindowsServices) -> None:
        """Asked of the registry: Wine keeps it there and does not tell."""
        place = rf"SYSTEM\CurrentControlSet\Services\{NAME}"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            assert winreg.QueryValueEx(key, "DependOnService")[0] == ["HTTP"]

    def test_what_this_windows_does_not_give_it_is_said(services: WindowsServices, tmp_path: Path) -> None:
        """Wine has no delayed start."""
        said = services.install(ServiceWish(("other.exe",), tmp_path))
        assert "This Windows does not give it a delayed start." in said
        assert not any("restart after a crash" in line or "description" in line for line in said)

    def test_it_runs_as_the_account_that_is_given(services: WindowsServices, tmp_path: Path) -> None:
        account = f".\\{getpass.getuser()}"
        services.install(ServiceWish(("other.exe",), tmp_path, account=account, password="secret"))
        assert configuration()[7] == account

    def test_installing_twice_brings_it_up_to_date(installed: WindowsServices, tmp_path: Path) -> None:
        installed.install(ServiceWish(("other.exe",), tmp_path))
        assert configuration()[3] == "other.exe"

    def test_it_works_on_its_data_folder_while_it_runs(running: WindowsServices, service: Service) -> None:
        assert service.certify("service", "status").code == 0
        eventually(lambda: service.certify("list").code == 0)

    def test_starting_what_runs_is_no_error(running: WindowsServices) -> None:
        running.start()
        assert running.status().running

    def test_it_stops_cleanly_within_the_time_that_windows_gives(running: WindowsServices, service: Service) -> None:
        eventually(lambda: "The engine runs" in service.log())
        begun = time.monotonic()
        running.stop()
        assert ("Stopped" in service.log(), time.monotonic() - begun < STOP_SECONDS) == (True, True)

    def test_stopping_what_does_not_run_is_no_error(installed: WindowsServices) -> None:
        installed.stop()
        assert installed.status() == ServiceStatus(True, False, "stopped")

    def test_uninstalling_stops_it_and_leaves_the_data(running: WindowsServices, service: Service) -> None:
        eventually(lambda: "The engine runs" in service.log())
        running.uninstall()
        assert (running.status().installed, (service.data_dir / "api.token").exists()) == (False, True)

    @pytest.mark.parametrize("verb", ["start", "stop", "uninstall"])
    def test_what_is_not_installed_is_said(services: WindowsServices, verb: str) -> None:
        with pytest.raises(NotFound, match="certify service install"):
            getattr(services, verb)()

    def test_a_program_that_cannot_run_is_a_failure_with_a_remedy(services: WindowsServices, tmp_path: Path) -> None:
        services.install(ServiceWish((str(tmp_path / "missing.exe"),), tmp_path))
        with pytest.raises(LocalFault):
            services.start()
