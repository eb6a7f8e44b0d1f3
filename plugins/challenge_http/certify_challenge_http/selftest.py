"""Tries Windows' HTTP service (http.sys) on a real server: how it is set up, its prefix, its answers and refusals.

https://learn.microsoft.com/windows/win32/http/http-server-api-start-page
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from certify_challenge_http import httpapi
from certify_challenge_http.fetching import fetch
from certify_challenge_http.http_sys import HttpSysServer, prefix
from certify_challenge_http.http_sys_check import HttpSysCheck
from certify_challenge_http.http_sys_configuration import reserved_urls
from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import SharedPort
from certify_core.api import LocalFault, SelfTestStep, Severity

HOST = "selftest.certify.invalid"
T = TypeVar("T")
GUESSES = 1000
AT_ONCE = 16


class HttpSysSelfTest:
    """The steps about http.sys; `port` is where challenges are answered."""

    name = "http-sys"
    title = "Windows' HTTP service (http.sys)"
    suite = "windows"

    def __init__(self, port: int, *, guesses: int = GUESSES, at_once: int = AT_ONCE) -> None:
        """`guesses` wrong requests are sent one by one, and then `at_once` right ones together."""
        self._port = port
        self._guesses = guesses
        self._at_once = at_once

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return os.name == "nt"

    def steps(self) -> Sequence[SelfTestStep]:
        """Return what is looked at, and then what is answered."""
        return [
            SelfTestStep("http-service", "The service HTTP and the addresses it listens on are read", look_at_service),
            SelfTestStep("http-reservations", "The reserved URL prefixes are read", self._look_at_reservations),
            SelfTestStep("http-prefix", "The challenges' prefix can be had, and is given back", self._have_prefix),
            SelfTestStep(
                "http-answers",
                f"A made-up challenge is answered on port {self._port}, also to many who guess or come at once",
                self._answer,
                changes=True,
            ),
            SelfTestStep(
                "http-prefix-taken",
                f"A second program that wants the same prefix of port {self._port} is told so (error 183)",
                self._take_twice,
                changes=True,
            ),
            SelfTestStep(
                "http-port-held",
                "A free port is held by a socket, and http.sys and we say who has it (error 32)",
                hold_port,
                changes=True,
            ),
        ]

    def _look_at_reservations(self) -> str:
        reserved = _windows(lambda: reserved_urls(httpapi.load()))
        ours = [one for one in reserved if one.url.lower() == prefix(self._port).lower()]
        own = f"the challenges' prefix for {ours[0].descriptor}" if ours else "the challenges' prefix not"
        return f"{len(reserved)} prefixes are reserved, {own}."

    def _have_prefix(self) -> str:
        HttpSysServer(self._port, lambda _: None).close()
        return f"{prefix(self._port)} was had and given back."

    def _answer(self) -> str:
        token, answer = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        right = (200, answer.encode())
        with closing(HttpSysServer(self._port, {token: answer}.get)):
            self._expect("a right request", self._ask(token), right)
            for _ in range(self._guesses):
                self._expect("a wrong guess", (self._ask(secrets.token_urlsafe(24))[0], b""), (404, b""))
            with ThreadPoolExecutor(self._at_once) as pool:
                for answered in pool.map(self._ask, [token] * self._at_once):
                    self._expect("one of several at once", answered, right)
        return f"{self._guesses} wrong guesses and {self._at_once} requests at once were answered as they should be."

    def _take_twice(self) -> str:
        with closing(HttpSysServer(self._port, lambda _: None)):
            return _refused_as("challenge-prefix-taken", self._have_prefix)

    def _ask(self, token: str) -> tuple[int, bytes]:
        return _windows(lambda: fetch(self._port, HOST, token))

    def _expect(self, what: str, answered: tuple[int, bytes], expected: tuple[int, bytes]) -> None:
        if answered != expected:
            raise LocalFault(
                f"On port {self._port}, {what} was answered with {answered[0]} and not with {expected[0]}.",
                "See who answers there: netsh http show servicestate lists the prefixes of http.sys.",
            )


def look_at_service() -> str:
    """Return what the health check of http.sys finds, without addresses."""
    found = HttpSysCheck().run()
    for finding in found:
        if finding.severity in {Severity.ERROR, Severity.WARNING}:
            raise LocalFault(f"{finding.what} {finding.evidence}".strip(), finding.remedy)
    return " ".join(finding.what for finding in found)


def hold_port() -> str:
    """Hold a free port by a socket; return what is said of it."""
    with socket.create_server(("0.0.0.0", 0)) as holder:  # noqa: S104 - as a web server that has every address
        port = int(holder.getsockname()[1])
        refused = _refused_as("challenge-port-held", lambda: HttpSysServer(port, lambda _: None).close())
        try:
            Listener(port, SharedPort()).look()
        except LocalFault as fault:
            return f"{refused} {fault.cause}"
    raise LocalFault("A port that a socket holds was had all the same.", "Send the report in.")


def _refused_as(code: str, have: Callable[[], object]) -> str:
    """Return the refusal's own words if it is the expected one."""
    try:
        have()
    except HttpSysRefused as refused:
        if refused.code == code:
            return refused.cause
        raise
    raise LocalFault("http.sys let two have what only one may.", "Send the report in.")


def _windows(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except OSError as error:
        raise LocalFault(f"http.sys does not answer: {error}.", "See whether the service HTTP runs.") from error
