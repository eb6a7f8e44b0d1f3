"""Tries Windows' service manager on a real machine, with a service of its own that works on a folder of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from certify_core.api import LocalFault, SelfTestStep, ServiceWish
from certify_windows_service import folder_access
from certify_windows_service.event_log_selftest import write_event
from certify_windows_service.manager import RESTART_AFTER, WindowsServices

STOP_SECONDS = 20.0
"""What is promised: so long a stop may take."""
RESTART_SECONDS = RESTART_AFTER[0] / 1000 + 25.0
_POLL = 0.2


class WindowsServiceSelfTest:
    """The steps about services; each installs its own, under a name that nobody else has."""

    name = "windows-service"
    title = "Windows' service manager"
    suite = "windows"

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return os.name == "nt"

    def steps(self) -> Sequence[SelfTestStep]:
        """Return what is looked at, and then what is installed."""
        return [
            SelfTestStep("service-manager", "The state of Certify's service is read", look_at_service),
            SelfTestStep(
                "folder-closed",
                "A folder of its own is made and closed to all users but administrators",
                close_folder,
                changes=True,
            ),
            SelfTestStep(
                "event-log",
                "A warning is written into Windows' event log, found and left there",
                write_event,
                changes=True,
            ),
            SelfTestStep(
                "service-runs",
                "A second service of Certify is installed, started, stopped and uninstalled, with a folder of its own",
                run_service,
                changes=True,
            ),
            SelfTestStep(
                "service-restarts",
                "A second service of Certify is killed, and Windows starts it again; then it is uninstalled",
                kill_service,
                changes=True,
            ),
        ]


def look_at_service() -> str:
    """Return what Windows says of the service."""
    return f"Windows says of it: {WindowsServices().status().detail.rstrip('.')}."


def close_folder() -> str:
    """Close a folder that has a file already; return how many accounts could read it before and cannot now."""
    folder = Path(tempfile.mkdtemp(prefix="certify-selftest-"))
    try:
        file = folder / "secret"
        file.write_text("made up")
        me = {folder_access.own_sid()}
        before = folder_access.strangers(folder_access.entries(folder), me)
        folder_access.close_to_others(folder, me)
        left = [sid for path in (folder, file) for sid in folder_access.strangers(folder_access.entries(path), me)]
        file.read_text()
    except OSError as error:
        raise LocalFault(f"The folder cannot be closed: {error.strerror}.", "Run this as administrator.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if left:
        raise LocalFault(f"It is still open to {', '.join(left)}.", "Send the report in.")
    return f"It was open to {len(before)} other accounts or groups, and is to administrators and the system alone."


def run_service() -> str:
    """Install, start, stop and uninstall a service; return what Windows does not give it, and how fast it stopped."""
    with _installed() as (services, said):
        services.start()
        begun = time.monotonic()
        services.stop()
        took = time.monotonic() - begun
    if took > STOP_SECONDS:
        raise LocalFault(f"The service took {took:.0f} s to stop.", "See logs\\session.log and the event log.")
    return " ".join([*said, f"It ran and stopped within {took:.1f} s."])


def kill_service() -> str:
    """Kill a service; return how long Windows took to start it again."""
    with _installed() as (services, _):
        services.start()
        first = services.process_id()
        os.kill(first, signal.SIGTERM)  # Windows terminates the process at once
        begun = time.monotonic()
        _wait_until(lambda: services.process_id() not in {0, first}, "Windows did not start the service again")
        took = time.monotonic() - begun
        _wait_until(lambda: services.status().running, "the service that was started again did not come up")
        services.stop()
    return f"Windows started it again {took:.0f} s after it was killed."


@contextmanager
def _installed() -> Iterator[tuple[WindowsServices, Sequence[str]]]:
    services = WindowsServices(f"Certify.SelfTest.{secrets.token_hex(4)}")
    folder = Path(tempfile.mkdtemp(prefix="certify-selftest-"))
    try:
        (folder / "serviceconfig.json").write_text(json.dumps({"port": 0}))
        command = (sys.executable, "-m", "certify_core.cli", "service", "run", "--data-dir", str(folder))
        yield services, services.install(ServiceWish(command, folder))[1:-1]
    finally:
        if services.status().installed:
            services.uninstall()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until(comes_true: Callable[[], bool], otherwise: str) -> None:
    deadline, pause = time.monotonic() + RESTART_SECONDS, threading.Event()
    while not comes_true():
        if time.monotonic() > deadline:
            raise LocalFault(
                f"{otherwise} within {RESTART_SECONDS:.0f} s.", "See the system's event log: Service Control Manager."
            )
        pause.wait(_POLL)
