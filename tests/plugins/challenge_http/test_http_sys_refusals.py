"""Where http.sys does not let us: each error number has cause and remedy, and the next way is tried.

A made-up library stands for httpapi.dll; `tests/windows/test_http_sys.py` has the refusals of Wine's.
"""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from certify_challenge_http import httpapi
from certify_challenge_http.fetching import fetch
from certify_challenge_http.http_sys_configuration import reserved_urls
from certify_challenge_http.http_sys_refusals import HttpSysRefused, refusal, service_off
from certify_challenge_http.listener import Listener
from certify_challenge_http.message import Find
from certify_challenge_http.openers import Serving, SharedPort
from certify_challenge_http.request_queue import Refused
from certify_core.api import LocalFault
from tests.support.ports import free_port

URL = "http://+:80/.well-known/acme-challenge/"
ANYBODY = "D:(A;;GX;;;S-1-1-0)"


class Library:
    """httpapi.dll, as far as it tells of reservations."""

    def __init__(self, *reserved: tuple[str, str]) -> None:
        self._reserved = [httpapi.Reservation(*one) for one in reserved]

    def HttpInitialize(self, *_: object) -> int:  # noqa: N802 - Windows' names
        return 0

    def HttpTerminate(self, *_: object) -> int:  # noqa: N802
        return 0

    def HttpQueryServiceConfiguration(self, *given: Any) -> int:  # noqa: N802
        _, _, query, _, buffer, room, size, _ = given
        number = query._obj.token
        if number >= len(self._reserved):
            return httpapi.NO_MORE_ITEMS
        reservation = self._reserved[number]
        size._obj.value = ctypes.sizeof(reservation)
        if room < size._obj.value:
            return httpapi.INSUFFICIENT_BUFFER
        ctypes.memmove(buffer, ctypes.byref(reservation), size._obj.value)
        return 0


def refused(code: int, *reserved: tuple[str, str], function: str = "HttpAddUrlToUrlGroup") -> HttpSysRefused:
    return refusal(80, URL, Refused(function, code), lambda: Library(*reserved))


def not_loaded() -> Any:
    raise OSError("there is no httpapi.dll")


def test_access_denied_is_told_with_the_command_that_allows_it() -> None:
    fault = refused(httpapi.ACCESS_DENIED)
    assert (fault.code, "access denied (error 5)" in fault.cause) == ("challenge-prefix-denied", True)
    assert f"netsh http add urlacl url={URL}" in fault.remedy


def test_a_reservation_for_others_is_told_with_whom_it_is_for() -> None:
    fault = refused(httpapi.ACCESS_DENIED, ("http://+:5985/wsman/", ANYBODY), (URL, ANYBODY))
    assert (ANYBODY in fault.cause, f"delete urlacl url={URL}" in fault.remedy) == (True, True)


def test_access_denied_is_told_also_where_reservations_are_not() -> None:
    assert refusal(80, URL, Refused("HttpAddUrlToUrlGroup", 5), not_loaded).code == "challenge-prefix-denied"


def test_all_reservations_are_read() -> None:
    assert [one.url for one in reserved_urls(Library(("http://+:1/", ANYBODY), ("http://+:2/", ANYBODY)))] == [
        "http://+:1/",
        "http://+:2/",
    ]


@pytest.mark.parametrize(
    ("code", "name", "words", "leaves"),
    [
        (httpapi.ALREADY_EXISTS, "challenge-prefix-taken", "Another program answers at", False),
        (httpapi.SHARING_VIOLATION, "challenge-port-held", "held by a program that does not share it", True),
        (4711, "challenge-port-held", "4711", False),
    ],
)
def test_each_number_has_cause_and_remedy(code: int, name: str, words: str, leaves: bool) -> None:
    fault = refused(code)
    assert (fault.code, words in fault.cause, bool(fault.remedy), fault.leaves_the_port) == (name, True, True, leaves)


@pytest.mark.parametrize("fault", [refused(1058, function="HttpInitialize"), service_off("it is disabled")])
def test_a_service_that_is_off_is_told_as_other_programs_tell_it_too(fault: HttpSysRefused) -> None:
    assert (fault.code, "not supported on this platform" in fault.cause) == ("http-service-off", True)
    assert "sc config http start= demand" in fault.remedy


def shared(fault: HttpSysRefused) -> Callable[[int, Find], Serving]:
    def refuse(port: int, find: Find) -> Serving:
        raise fault

    return refuse


REFUSALS: Sequence[HttpSysRefused] = [refused(5), refused(183), refused(32), service_off("it is disabled")]


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.code)
def test_where_http_sys_refuses_and_the_port_is_free_sockets_answer(fault: HttpSysRefused) -> None:
    port = free_port()
    listener = Listener(port, SharedPort(shared(fault)))
    listener.look()
    listener.publish("token", "token.thumbprint")
    answered = fetch(port, "app.test", "token")
    listener.withdraw("token")
    assert answered == (200, b"token.thumbprint")


@pytest.mark.parametrize("act", ["publish", "look"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [(refused(32), "Port .* is held by"), (refused(183), "Another program answers at"), (refused(5), "access denied")],
    ids=["by a socket", "by another prefix", "by a right"],
)
def test_where_neither_way_gets_the_port_the_one_is_told_that_knows_why(
    fault: HttpSysRefused, words: str, act: str
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as holder:
        listener = Listener(int(holder.getsockname()[1]), SharedPort(shared(fault)))
        with pytest.raises(LocalFault, match=words):
            listener.publish("token", "answer") if act == "publish" else listener.look()
