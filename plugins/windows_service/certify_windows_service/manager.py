"""Installs, starts, stops and looks at the service, by Windows' service control manager."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from certify_core.api import Hosted, LocalFault, NotFound, ServiceStatus, ServiceWish
from certify_windows_service import certify_the_web
from certify_windows_service.faults import (
    ALREADY_RUNNING,
    EXISTS,
    MARKED_FOR_DELETION,
    MISSING,
    NOT_RUNNING,
    cause_and_remedy,
)
from certify_windows_service.pywin32 import win32service

NAME = "Certify.Service"
DISPLAY_NAME = "Certify"
DESCRIPTION = "Requests, renews and deploys TLS certificates."
HTTP = "HTTP"
"""The driver behind http.sys: where it is, the service starts after it."""
SECONDS = 30.0
"""So long starting and stopping may take; the service itself stops within 20."""
RESTART_AFTER = (5_000, 30_000, 60_000)
"""Milliseconds after each crash; the last one stays. All is forgotten after a day without one."""
DAY = 86_400
_POLL = 0.2


class WindowsServices:
    """The service control manager, as far as it is about one service."""

    name = "windows-service"
    title = "Windows service"

    def __init__(self, service: str = NAME) -> None:
        """`service` is what the one service is called that this is about."""
        self._service = service
        self._display_name = DISPLAY_NAME if service == NAME else service

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return os.name == "nt"

    def install(self, wish: ServiceWish) -> Sequence[str]:
        """Make the service, or bring it up to date: it starts at boot, after the others, and again after a crash.

        Its folder is closed first: what is made below ProgramData everybody may read. Without an account a service
        that is there keeps its own.

        Raises:
            LocalFault: Windows refuses, or what is there is Certify The Web's; then nothing has changed.
        """
        from certify_windows_service.folder_check import close_folder

        scm = win32service()

        account, password = wish.account or None, wish.password or None
        command = subprocess.list2cmdline(wish.command)
        with _manager(scm.SC_MANAGER_ALL_ACCESS) as manager:
            certify_the_web.refuse_beside(_command(manager, self._service), wish.data_dir)
            former = self.account()
            runs_as = wish.account or former or "LocalSystem"
            closed = close_folder(wish.data_dir, runs_as, former)
            needs = [HTTP] if _exists(manager, HTTP) else None
            kind = (scm.SERVICE_WIN32_OWN_PROCESS, scm.SERVICE_AUTO_START, scm.SERVICE_ERROR_NORMAL)
            how = (command, None, 0, needs, account, password)
            try:
                service = scm.CreateService(
                    manager, self._service, self._display_name, scm.SERVICE_ALL_ACCESS, *kind, *how
                )
            except scm.error as error:
                if error.winerror != EXISTS:
                    raise
                service = scm.OpenService(manager, self._service, scm.SERVICE_ALL_ACCESS)
                scm.ChangeServiceConfig(service, *kind, *how, self._display_name)
            try:
                done = _refine(scm, service)
            finally:
                scm.CloseServiceHandle(service)
        if former not in {"", runs_as}:
            closed = close_folder(wish.data_dir, runs_as)
        return [f"The service {self._service} runs as {runs_as} and starts at boot.", *done, closed]

    def uninstall(self) -> None:
        """Stop the service and remove it; the data folder stays."""
        scm = win32service()

        self.stop()
        with _service(self._service, scm.SERVICE_ALL_ACCESS) as service:
            try:
                scm.DeleteService(service)
            except scm.error as error:
                if error.winerror != MARKED_FOR_DELETION:
                    raise
        self._wait_until_gone()

    def start(self) -> None:
        """Start the service and wait until it runs."""
        scm = win32service()

        with _service(self._service, scm.SERVICE_START | scm.SERVICE_QUERY_STATUS) as service:
            try:
                scm.StartService(service, None)
            except scm.error as error:
                if error.winerror != ALREADY_RUNNING:
                    raise
            _wait(service, scm.SERVICE_RUNNING, "start")

    def stop(self) -> None:
        """Stop the service and wait until it has stopped."""
        scm = win32service()

        with _service(self._service, scm.SERVICE_STOP | scm.SERVICE_QUERY_STATUS) as service:
            try:
                scm.ControlService(service, scm.SERVICE_CONTROL_STOP)
            except scm.error as error:
                if error.winerror != NOT_RUNNING:
                    raise
            _wait(service, scm.SERVICE_STOPPED, "stop")

    def status(self) -> ServiceStatus:
        """Return what Windows says of the service."""
        scm = win32service()

        try:
            with _service(self._service, scm.SERVICE_QUERY_STATUS) as service:
                state = scm.QueryServiceStatus(service)[1]
        except NotFound as error:
            return ServiceStatus(installed=False, detail=error.cause)
        return ServiceStatus(installed=True, running=state == scm.SERVICE_RUNNING, detail=_STATES.get(state, "unknown"))

    def process_id(self) -> int:
        """Return the process of the service; 0 while there is none."""
        with _service(self._service, win32service().SERVICE_QUERY_STATUS) as service:
            return int(win32service().QueryServiceStatusEx(service)["ProcessId"])

    def account(self) -> str:
        """Return the account that the service is installed for; empty if it is not.

        Raises:
            LocalFault: Windows does not say.
        """
        scm = win32service()

        try:
            with _service(self._service, 0) as service:
                return str(scm.QueryServiceConfig(service)[7])
        except NotFound:
            return ""

    def _wait_until_gone(self) -> None:
        """Wait until it is gone: Windows keeps a service as long as its process lives, or somebody looks at it."""
        deadline, pause = time.monotonic() + SECONDS, threading.Event()
        while self.status().installed:
            if time.monotonic() > deadline:
                raise LocalFault(*cause_and_remedy(MARKED_FOR_DELETION, ""))
            pause.wait(_POLL)

    def host(self, opened: Callable[[], Hosted]) -> None:
        """Run the service in this process, which the service control manager has started."""
        from certify_windows_service.hosting import dispatch

        dispatch(self._service, opened)


_STATES = {
    1: "stopped",
    2: "starting",
    3: "stopping",
    4: "running",
    5: "about to continue",
    6: "about to pause",
    7: "paused",
}
"""SERVICE_STATUS.dwCurrentState."""


def _refine(scm: Any, service: Any) -> list[str]:
    """Set what a service can do without; return what of it this Windows does not have."""
    failure = {
        "ResetPeriod": DAY,
        "RebootMsg": None,
        "Command": None,
        "Actions": [(scm.SC_ACTION_RESTART, wait) for wait in RESTART_AFTER],
    }
    wanted = (
        ("a description", scm.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION),
        ("a delayed start", scm.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True),
        ("a restart after a crash", scm.SERVICE_CONFIG_FAILURE_ACTIONS, failure),
        ("a restart after a failure", scm.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True),
    )
    missing = []
    for what, level, value in wanted:
        try:
            scm.ChangeServiceConfig2(service, level, value)
        except (scm.error, NotImplementedError):
            missing.append(f"This Windows does not give it {what}.")
    return missing


@contextmanager
def _manager(access: int) -> Iterator[Any]:
    """Open the service control manager; what it refuses within the block becomes an error of ours."""
    scm = win32service()

    try:
        manager = scm.OpenSCManager(None, None, access)
        try:
            yield manager
        finally:
            scm.CloseServiceHandle(manager)
    except scm.error as error:
        cause, remedy = cause_and_remedy(error.winerror, error.strerror)
        raise (NotFound if error.winerror == MISSING else LocalFault)(cause, remedy) from error


@contextmanager
def _service(name: str, access: int) -> Iterator[Any]:
    """Open the service, with the right to ask how it is set up; Certify The Web's is not it."""
    scm = win32service()

    with _manager(scm.SC_MANAGER_CONNECT) as manager:
        service = scm.OpenService(manager, name, access | scm.SERVICE_QUERY_CONFIG)
        try:
            if certify_the_web.is_its_service(scm.QueryServiceConfig(service)[3]):
                raise NotFound(*certify_the_web.not_ours(name))
            yield service
        finally:
            scm.CloseServiceHandle(service)


def _command(manager: Any, name: str) -> str:
    """Return the command line of a service, whosever it is; empty if there is none."""
    scm = win32service()

    try:
        service = scm.OpenService(manager, name, scm.SERVICE_QUERY_CONFIG)
    except scm.error as error:
        if error.winerror != MISSING:
            raise
        return ""
    try:
        return str(scm.QueryServiceConfig(service)[3])
    finally:
        scm.CloseServiceHandle(service)


def _exists(manager: Any, name: str) -> bool:
    scm = win32service()

    try:
        scm.CloseServiceHandle(scm.OpenService(manager, name, scm.SERVICE_QUERY_STATUS))
    except scm.error:
        return False
    return True


def _wait(service: Any, state: int, verb: str) -> None:
    scm = win32service()

    deadline, pause = time.monotonic() + SECONDS, threading.Event()
    while (found := scm.QueryServiceStatus(service)[1]) != state:
        came_to_nothing = verb == "start" and found == scm.SERVICE_STOPPED
        if came_to_nothing or time.monotonic() > deadline:
            raise LocalFault(
                f"The service did not {verb}: it is {_STATES.get(found, 'in an unknown state')}.",
                "See the Windows event log, and logs\\session.log in the data folder.",
            )
        pause.wait(_POLL)
