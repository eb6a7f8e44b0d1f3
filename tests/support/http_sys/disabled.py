"""What happens on Windows where somebody disabled the HTTP service; prints it as JSON. It has not to run before.

python -m tests.support.http_sys.disabled
"""

from __future__ import annotations

import importlib
import json
from dataclasses import replace

from certify_challenge_http import http_service
from certify_challenge_http.http_sys import HttpSysServer
from certify_challenge_http.http_sys_check import HttpSysCheck
from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import SharedPort
from tests.support.http_sys.asking import asked
from tests.support.ports import free_port


def disable_http() -> None:
    """Disable the service."""
    scm = importlib.import_module("win32service")
    manager = scm.OpenSCManager(None, None, scm.SC_MANAGER_CONNECT)
    service = scm.OpenService(manager, http_service.NAME, scm.SERVICE_CHANGE_CONFIG)
    same = scm.SERVICE_NO_CHANGE
    scm.ChangeServiceConfig(service, same, scm.SERVICE_DISABLED, same, None, None, 0, None, None, None, None)


def install_iis() -> None:
    """Install a service that is called as IIS's."""
    scm = importlib.import_module("win32service")
    manager = scm.OpenSCManager(None, None, scm.SC_MANAGER_ALL_ACCESS)
    kind = (scm.SERVICE_WIN32_OWN_PROCESS, scm.SERVICE_DEMAND_START, scm.SERVICE_ERROR_NORMAL)
    how = ("iis.exe", None, 0, None, None, None)
    scm.CreateService(manager, http_service.IIS, http_service.IIS, scm.SERVICE_ALL_ACCESS, *kind, *how)


def refusal() -> str:
    """Return what http.sys's refusal is called."""
    try:
        HttpSysServer(free_port(), lambda _: None).close()
    except HttpSysRefused as refused:
        return f"{refused.code}: {refused}"
    return "none"


def answered() -> int:
    """Return the status of a challenge's answer, however it is answered."""
    port = free_port()
    listener = Listener(port, SharedPort())
    listener.publish("token", "answer")
    status, _ = asked(port, "token")
    listener.withdraw("token")
    return status


if __name__ == "__main__":
    disable_http()
    told: dict[str, object] = {"refusal": refusal(), "answered": answered()}
    (without_iis,) = HttpSysCheck().run()
    install_iis()
    (with_iis,) = HttpSysCheck().run()
    for name, found in {"without_iis": without_iis, "with_iis": with_iis}.items():
        told[name] = [found.code, found.severity, found.fixable]
    told["fixed"] = HttpSysCheck().fix(replace(with_iis, check="http-sys"))
    told["afterwards"] = [refusal(), *(found.code for found in HttpSysCheck().run())]
    print(json.dumps(told))
