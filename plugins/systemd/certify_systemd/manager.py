"""Installs, starts, stops and looks at the unit, by systemd's own programs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from certify_core.api import Hosted, LocalFault, NotFound, ServiceStatus, ServiceWish, write_atomically
from certify_systemd.unit import is_state_folder, unit_file

UNIT = "certify.service"
ACCOUNT = "certify"
SECONDS = 60.0
"""A command of systemd's that takes longer hangs."""


class Systemd:
    """systemd, as far as it is about one unit."""

    name = "systemd"
    title = "systemd unit"

    def __init__(self, units: Path = Path("/etc/systemd/system"), running: Path = Path("/run/systemd/system")) -> None:
        """`units` is where the unit file goes; `running` is there while systemd runs the machine (sd_booted(3))."""
        self._file = units / UNIT
        self._running = running

    def is_here(self) -> bool:
        """Whether systemd runs this machine."""
        return self._running.is_dir()

    def install(self, wish: ServiceWish) -> Sequence[str]:
        """Write the unit file, make the account, and have the unit start at boot."""
        wish = replace(wish, account=wish.account or ACCOUNT)
        done = _make_account(wish)
        try:
            write_atomically(self._file, unit_file(wish).encode(), mode=0o644)
        except OSError as error:
            raise LocalFault(f"{self._file} cannot be written: {error.strerror}.", "Run this as root.") from error
        _run("systemctl", "daemon-reload")
        _run("systemctl", "enable", UNIT)
        return [*done, f"{self._file} is written; it runs as {wish.account} and starts at boot."]

    def uninstall(self) -> None:
        """Stop the unit and remove its file; account and data folder stay."""
        self._see_that_it_is_installed()
        _run("systemctl", "disable", "--now", UNIT)
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise LocalFault(f"{self._file} cannot be removed: {error.strerror}.", "Run this as root.") from error
        _run("systemctl", "daemon-reload")

    def start(self) -> None:
        """Start the unit."""
        self._see_that_it_is_installed()
        _run("systemctl", "start", UNIT)

    def stop(self) -> None:
        """Stop the unit."""
        self._see_that_it_is_installed()
        _run("systemctl", "stop", UNIT)

    def status(self) -> ServiceStatus:
        """Return what systemd says of the unit."""
        if not self._file.exists():
            return ServiceStatus(installed=False, detail=f"{self._file} is not there")
        said = _run("systemctl", "show", "--property=ActiveState,SubState", UNIT)
        properties = dict(line.partition("=")[::2] for line in said.splitlines())
        state = properties.get("ActiveState", "unknown")
        return ServiceStatus(
            installed=True, running=state == "active", detail=f"{state} ({properties.get('SubState', '')})"
        )

    def host(self, opened: Callable[[], Hosted]) -> None:
        """Run the service: systemd starts an ordinary process and ends it with a signal."""
        import signal

        service = opened()
        signal.signal(signal.SIGTERM, lambda *_: service.stop())
        service.run()

    def _see_that_it_is_installed(self) -> None:
        if not self._file.exists():
            raise NotFound(f"The unit {UNIT} is not installed.", "Install it: certify service install")


def _make_account(wish: ServiceWish) -> list[str]:
    """Make the account if it is missing, and give the data folder to it where systemd does not."""
    import pwd  # on POSIX alone

    done = []
    try:
        pwd.getpwnam(wish.account)
    except KeyError:
        home = ("--home-dir", str(wish.data_dir), "--no-create-home")
        _run("useradd", "--system", "--user-group", *home, "--shell", "/usr/sbin/nologin", wish.account)
        done.append(f"The account {wish.account} is made.")
    if not is_state_folder(wish.data_dir):
        _run("install", "-d", "-m", "0700", str(wish.data_dir))
        _run("chown", "-R", f"{wish.account}:", str(wish.data_dir))
    return done


def _run(*command: str) -> str:
    """Run a program of the system's and return what it prints.

    Raises:
        LocalFault: it is missing, fails or hangs.
    """
    remedy = "Run this as root; see what systemd says: journalctl -u certify"
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalFault(f"{command[0]} cannot be run: {error}.", remedy) from error
    if ended.returncode:
        said = ended.stderr.strip() or f"exit code {ended.returncode}"
        raise LocalFault(f"`{' '.join(command)}` failed: {said.rstrip('.')}.", remedy)
    return ended.stdout
