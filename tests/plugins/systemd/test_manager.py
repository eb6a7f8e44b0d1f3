"""What is asked of systemd, in which order, and what its refusals become: stand-ins for its programs write it down."""

from __future__ import annotations

import getpass
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from certify_core.api import LocalFault, NotFound, ServiceManager, ServiceStatus, ServiceWish
from certify_systemd.manager import UNIT, Systemd
from tests.support.service import Service
from tests.support.systemd_programs import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


@pytest.fixture
def systemd(tmp_path: Path, programs: Programs) -> Systemd:
    (tmp_path / "units").mkdir()
    return Systemd(tmp_path / "units", tmp_path)


@pytest.fixture
def wish(tmp_path: Path) -> ServiceWish:
    """A wish for an account that there is."""
    return ServiceWish((sys.executable,), tmp_path / "data", account=getpass.getuser())


@pytest.fixture
def installed(systemd: Systemd, wish: ServiceWish, programs: Programs) -> Systemd:
    """systemd with the unit."""
    systemd.install(wish)
    return systemd


def test_it_keeps_the_contract(systemd: Systemd) -> None:
    assert isinstance(systemd, ServiceManager)


def test_it_is_here_only_where_systemd_runs_the_machine(tmp_path: Path) -> None:
    assert [Systemd(running=tmp_path).is_here(), Systemd(running=tmp_path / "nothing").is_here()] == [True, False]


def test_installing_writes_the_unit_and_has_it_start_at_boot(
    installed: Systemd, programs: Programs, tmp_path: Path
) -> None:
    assert f"User={getpass.getuser()}" in (tmp_path / "units" / UNIT).read_text()
    assert programs.asked == ["systemctl daemon-reload", f"systemctl enable {UNIT}"]


def test_installing_twice_brings_it_up_to_date(installed: Systemd, wish: ServiceWish, tmp_path: Path) -> None:
    installed.install(ServiceWish(("/bin/true",), wish.data_dir, wish.account))
    assert 'ExecStart="/bin/true"' in (tmp_path / "units" / UNIT).read_text()


def test_an_account_that_is_missing_is_made(systemd: Systemd, programs: Programs) -> None:
    systemd.install(ServiceWish((sys.executable,), Path("/var/lib/certify"), account="certify-nobody-has-this"))
    assert programs.asked[0].startswith("useradd --system --user-group")
    assert programs.asked[0].endswith("certify-nobody-has-this")


def test_a_data_folder_elsewhere_is_made_for_the_account_alone(installed: Systemd, wish: ServiceWish) -> None:
    assert wish.data_dir.stat().st_mode & 0o777 == 0o700


def test_uninstalling_stops_it_and_leaves_the_data(
    installed: Systemd, programs: Programs, wish: ServiceWish, tmp_path: Path
) -> None:
    installed.uninstall()
    assert programs.asked[2:] == [f"systemctl disable --now {UNIT}", "systemctl daemon-reload"]
    assert ((tmp_path / "units" / UNIT).exists(), wish.data_dir.is_dir()) == (False, True)


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_it_is_started_and_stopped(installed: Systemd, programs: Programs, verb: str) -> None:
    getattr(installed, verb)()
    assert programs.asked[-1] == f"systemctl {verb} {UNIT}"


@pytest.mark.parametrize("verb", ["start", "stop", "uninstall"])
def test_what_is_not_installed_is_said(systemd: Systemd, verb: str) -> None:
    with pytest.raises(NotFound, match="certify service install"):
        getattr(systemd, verb)()


@pytest.mark.parametrize(("state", "running"), [("active", True), ("failed", False), ("inactive", False)])
def test_the_status_is_systemds(installed: Systemd, programs: Programs, state: str, running: bool) -> None:
    programs.write(state=state)
    assert installed.status() == ServiceStatus(True, running, f"{state} (running)")


def test_the_status_of_what_is_not_there_is_no_error(systemd: Systemd) -> None:
    assert systemd.status().installed is False


def test_a_refusal_of_systemds_names_command_and_reason(installed: Systemd, programs: Programs) -> None:
    programs.write(refused="start*")
    with pytest.raises(LocalFault, match=r"`systemctl start certify.service` failed: Access denied\. Run this as root"):
        installed.start()


def test_a_folder_that_is_missing_is_a_local_fault(tmp_path: Path, programs: Programs, wish: ServiceWish) -> None:
    with pytest.raises(LocalFault, match="cannot be written"):
        Systemd(tmp_path / "nowhere").install(wish)


def test_what_systemd_starts_is_the_service_and_its_signal_stops_it(tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from certify_core.service.host import Host
        from certify_systemd.manager import Systemd
        listening = lambda server: print(f"Certify listens on {{server.url}}", flush=True)
        Systemd().host(lambda: Host(Path({str(tmp_path / "data")!r}), overrides={{"port": 0}}, listening=listening))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Certify listens on ")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    watchdog.cancel()
    process.stdout.close()


def test_without_a_service_manager_the_command_says_so(tmp_path: Path) -> None:
    ended = Service(tmp_path / "data").certify("service", "status")
    assert (ended.code, "certify serve" in ended.err) == (1, True)
