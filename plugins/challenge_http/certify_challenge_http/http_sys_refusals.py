"""What it means when Windows' HTTP service (http.sys) does not let us answer on a port: cause and remedy by number."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from certify_challenge_http import httpapi
from certify_challenge_http.http_sys_configuration import reserved_urls
from certify_challenge_http.request_queue import Refused
from certify_core.api import LocalFault

START_SERVICE = "sc config http start= demand, and then: net start http"
_SAM_COMPATIBLE = 2


class HttpSysRefused(LocalFault):
    """http.sys does not let us answer challenges.

    `leaves_the_port` tells whether the port is not one of http.sys, so that somebody else may have it or we may.
    """

    def __init__(self, code: str, cause: str, remedy: str, *, leaves_the_port: bool = False) -> None:
        super().__init__(cause, remedy)
        self.code = code
        """Names the kind of refusal, as findings do."""
        self.leaves_the_port = leaves_the_port


def refusal(port: int, url: str, refused: Refused, load: Callable[[], Any]) -> HttpSysRefused:
    """Return why `url` could not be had; `load` is `httpapi.load`, by which more is found out."""
    if refused.function == "HttpInitialize":
        return service_off(f"error {refused.code}")
    if refused.code == httpapi.ACCESS_DENIED:
        return _denied(url, load)
    if refused.code == httpapi.ALREADY_EXISTS:
        return HttpSysRefused(
            "challenge-prefix-taken",
            f"Another program answers at {url} already (error {refused.code}).",
            "Find it by 'netsh http show servicestate' and stop it; often it is a second ACME client.",
        )
    if refused.code == httpapi.SHARING_VIOLATION:
        return HttpSysRefused(
            "challenge-port-held",
            f"Port {port} is held by a program that does not share it (error {refused.code}).",
            "Stop it, set another port, or use the webroot provider.",
            leaves_the_port=True,
        )
    return HttpSysRefused(
        "challenge-port-held",
        f"Windows' HTTP service refuses {url}: {_words(refused.code)} ({refused}).",
        "See the Windows event log, or use the webroot provider.",
    )


def service_off(evidence: str) -> HttpSysRefused:
    """Return what there is to say where the service `HTTP` cannot be used at all."""
    return HttpSysRefused(
        "http-service-off",
        f"Windows' HTTP service does not run and cannot be started: {evidence}. Other programs say of this that the "
        "operation is not supported on this platform.",
        f"Run as administrator: {START_SERVICE}.",
        leaves_the_port=True,
    )


def _denied(url: str, load: Callable[[], Any]) -> HttpSysRefused:
    account = _account()
    reserved = next((one for one in _reservations(load) if one.url.lower() == url.lower()), None)
    cause = f"Windows does not let {account} answer at {url}: access denied (error {httpapi.ACCESS_DENIED})."
    allow = f'netsh http add urlacl url={url} user="{account}"'
    if reserved is None:
        return HttpSysRefused("challenge-prefix-denied", cause, f"Run once as administrator: {allow}.")
    return HttpSysRefused(
        "challenge-prefix-denied",
        f"{cause} It is reserved for others: {reserved.descriptor}.",
        f"Run once as administrator: netsh http delete urlacl url={url}, and then: {allow}.",
    )


def _reservations(load: Callable[[], Any]) -> tuple[Any, ...]:
    with suppress(OSError):  # who is not told what is reserved is told the refusal alone
        return reserved_urls(load())
    return ()


def _account() -> str:
    """Return the account that this process has, as netsh takes it: ``NT AUTHORITY\\SYSTEM``."""
    with suppress(ImportError, OSError):
        return str(importlib.import_module("win32api").GetUserNameEx(_SAM_COMPATIBLE))
    return "this account"


def _words(code: int) -> str:
    format_error = getattr(cast(Any, ctypes), "FormatError", None)
    return str(format_error(code)).strip().rstrip(".") if format_error else "it gives no reason"
