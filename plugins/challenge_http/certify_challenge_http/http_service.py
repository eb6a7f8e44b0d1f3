"""The service `HTTP`, the driver behind http.sys: whether it runs and may start, by the service control manager."""

from __future__ import annotations

import errno
import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

NAME = "HTTP"
IIS = "W3SVC"
_MISSING = 1060
"""ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_ALREADY_RUNNING:
https://learn.microsoft.com/windows/win32/debug/system-error-codes--1000-1299-"""
_ALREADY_RUNNING = 1056
PATIENCE = 15.0
"""Seconds that a driver has to start."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What the service control manager says."""

    installed: bool
    running: bool = False
    disabled: bool = False
    stopping: bool = False
    """Told to stop, and not stopped."""


def state(name: str) -> ServiceState:
    """Return a service's state.

    Raises:
        OSError: the service control manager does not say.
    """
    scm = _win32service()
    with _service(name, scm.SERVICE_QUERY_STATUS | scm.SERVICE_QUERY_CONFIG) as service:
        if service is None:
            return ServiceState(installed=False)
        status, configuration = scm.QueryServiceStatusEx(service), scm.QueryServiceConfig(service)
    return ServiceState(
        installed=True,
        running=status["CurrentState"] == scm.SERVICE_RUNNING,
        disabled=configuration[1] == scm.SERVICE_DISABLED,
        stopping=status["CurrentState"] == scm.SERVICE_STOP_PENDING,
    )


def enable_and_start(name: str) -> None:
    """Let a service start when it is needed, start it, and return when it runs.

    Raises:
        OSError: this process may not, or the service does not start within `PATIENCE` seconds.
    """
    scm = _win32service()
    same = scm.SERVICE_NO_CHANGE
    with _service(name, scm.SERVICE_CHANGE_CONFIG | scm.SERVICE_START) as service:
        if service is None:
            raise OSError(_MISSING, f"there is no service {name}")
        try:
            scm.ChangeServiceConfig(
                service, same, scm.SERVICE_DEMAND_START, same, None, None, 0, None, None, None, None
            )
            scm.StartService(service, None)
        except scm.error as error:
            if error.winerror != _ALREADY_RUNNING:
                raise OSError(error.winerror, error.strerror) from error
    deadline = time.monotonic() + PATIENCE
    while not state(name).running:
        if time.monotonic() >= deadline:
            raise TimeoutError(errno.ETIMEDOUT, f"{name} did not start within {PATIENCE:.0f} s")
        time.sleep(_PAUSE)


@contextmanager
def _service(name: str, access: int) -> Iterator[Any]:
    """Open a service; None if there is none of that name."""
    scm = _win32service()
    opened = []
    try:
        try:
            opened.append(scm.OpenSCManager(None, None, scm.SC_MANAGER_CONNECT))
            opened.append(_open(scm, opened[0], name, access))
            yield opened[1]
        finally:
            for handle in filter(None, reversed(opened)):
                scm.CloseServiceHandle(handle)
    except scm.error as error:
        raise OSError(error.winerror, error.strerror) from error


def _open(scm: Any, manager: Any, name: str, access: int) -> Any:
    try:
        return scm.OpenService(manager, name, access)
    except scm.error as error:
        if error.winerror == _MISSING:
            return None
        raise


def _win32service() -> Any:
    return importlib.import_module("win32service")
