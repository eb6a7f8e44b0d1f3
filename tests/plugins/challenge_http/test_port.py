"""When the port is open, who may have it, and what is said when it cannot be had."""

from __future__ import annotations

import errno
import gc
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certify_challenge_http.listener import Listener
from certify_challenge_http.listeners import Listeners
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.openers import Sockets
from certify_challenge_http.server import Server
from certify_core.api import Challenge, LocalFault
from certify_core.testing.challenge_provider import new_challenge
from tests.support.http_exchange import body, get_token, is_open
from tests.support.ports import free_port

_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_HOLD = "import socket, sys; held = socket.create_server(('', int(sys.argv[1]))); print('held', flush=True); input()"
_USE_UP_FILES = """
import os, resource, sys
from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import Sockets
from certify_core.api import LocalFault
import psutil, uvloop
free = os.open(os.devnull, os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, free + 2))  # enough for the two sockets, when this one is closed
os.close(free)
try:
    Listener(int(sys.argv[1]), Sockets()).publish("token", "answer")
except LocalFault as fault:
    print(fault)
"""


@pytest.fixture
def holder(port: int) -> Iterator[int]:
    """The pid of another program that listens on the port."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        yield process.pid
        process.communicate(b"\n")


@pytest.fixture
def no_thread_can_start() -> Iterator[None]:
    """Ask for more stack than any system has, as if it had no threads left."""
    before = threading.stack_size(1 << 46)
    yield
    threading.stack_size(before)


@pytest.fixture
def privileged_port() -> int:
    """A port that only root may listen on."""
    start = int(_UNPRIVILEGED.read_text())
    if start == 0:
        pytest.fail(f"Every port is free to all users here. Set {_UNPRIVILEGED} to 1024.", pytrace=False)
    return start - 1


def test_the_port_is_closed_before_the_first_token(event_loop_of: str, port: int) -> None:
    Listener(port, Sockets())
    assert not is_open(port)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_port_is_open_exactly_while_a_token_is_published(event_loop_of: str, port: int, host: str) -> None:
    listener = Listener(port, Sockets())
    seen = []
    for _ in range(20):
        listener.publish("token", "answer")
        seen.append(is_open(port, host=host))
        listener.withdraw("token")
        seen.append(is_open(port, host=host))
    assert seen == [True, False] * 20


def test_the_port_stays_open_for_the_tokens_of_other_orders(event_loop_of: str, port: int) -> None:
    listener = Listener(port, Sockets())
    listener.publish("one", "answer")
    listener.publish("two", "answer")
    listener.withdraw("one")
    while_one_is_left = is_open(port)
    listener.withdraw("two")
    assert (while_one_is_left, is_open(port)) == (True, False)


def test_the_port_opens_again_right_after_connections_were_served(event_loop_of: str, port: int) -> None:
    listener = Listener(port, Sockets())
    answers = []
    for round_ in range(5):
        listener.publish("token", f"answer {round_}")
        answers.append(body(get_token(port, "token")))
        listener.withdraw("token")
    assert answers == [f"answer {round_}".encode() for round_ in range(5)]


def test_closing_waits_for_no_client(event_loop_of: str, port: int) -> None:
    listener = Listener(port, Sockets(patience=60))
    listener.publish("token", "answer")
    stalled = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(100)]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(listener.withdraw, "token").result(timeout=10)
    assert not is_open(port)
    for connection in stalled:
        connection.close()


def test_closing_while_clients_connect_leaves_no_loose_ends(
    event_loop_of: str, port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")  # else the loop does not tell
    listener = Listener(port, Sockets())
    for _ in range(20):
        listener.publish("token", "answer")
        connecting = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(20)]
        listener.withdraw("token")
        for connection in connecting:
            connection.close()
    gc.collect()  # a task that nobody finished complains when it is collected
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_orders_that_come_and_go_in_many_threads_all_get_their_answers(event_loop_of: str, port: int) -> None:
    provider, parameters = HttpProvider(80, Listeners(Sockets())), HttpParameters(port=port)

    def work(challenge: Challenge) -> None:
        provider.present(challenge, parameters)
        provider.check(challenge, parameters)
        provider.clean_up(challenge, parameters)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [new_challenge("app.test", "http-01") for _ in range(400)]))
    assert not is_open(port)


def test_two_ports_answer_each_for_its_own(event_loop_of: str, challenge: Challenge) -> None:
    first, second = free_port(), free_port()
    provider = HttpProvider(first, Listeners(Sockets()))
    provider.present(challenge, HttpParameters())
    provider.present(challenge, HttpParameters(port=second))
    provider.clean_up(challenge, HttpParameters())
    seen = is_open(first), is_open(second)
    provider.clean_up(challenge, HttpParameters(port=second))
    assert seen == (False, True)


def test_the_program_that_holds_the_port_is_named(port: int, holder: int) -> None:
    with pytest.raises(LocalFault, match=rf"Port {port} is held by \S+ \(pid {holder}\)\."):
        Listener(port, Sockets()).publish("token", "answer")


def test_the_port_can_be_had_once_its_holder_is_gone(port: int) -> None:
    listener = Listener(port, Sockets())
    with socket.create_server(("", port)), pytest.raises(LocalFault):
        listener.publish("token", "answer")
    listener.publish("token", "answer")
    answered = body(get_token(port, "token"))
    listener.withdraw("token")
    assert answered == b"answer"


def test_a_port_that_is_taken_on_ipv6_alone_is_not_kept_on_ipv4(port: int) -> None:
    with (
        socket.create_server(("::", port), family=socket.AF_INET6),
        pytest.raises(LocalFault, match=rf"held by .*\(pid {os.getpid()}\)"),
    ):
        Listener(port, Sockets()).publish("token", "answer")
    assert not is_open(port)


def test_a_user_who_may_not_have_the_port_is_told_so(privileged_port: int, unprivileged: None) -> None:
    with pytest.raises(LocalFault, match=f"may not listen on port {privileged_port}") as refused:
        Listener(privileged_port, Sockets()).publish("token", "answer")
    assert "CAP_NET_BIND_SERVICE" in refused.value.remedy


def test_a_service_without_files_left_says_so_and_keeps_no_port(port: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _USE_UP_FILES, str(port)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.startswith(f"Port {port} cannot be opened: "), ended


def test_a_server_that_cannot_start_says_so(event_loop_of: str, port: int) -> None:
    unusable = socket.create_server(("127.0.0.1", port))
    unusable.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        Server([unusable], lambda _: None, 5, 500)


def test_a_server_that_cannot_start_for_a_reason_nobody_foresaw_keeps_nobody_waiting(event_loop_of: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as unusable, pytest.raises(ValueError, match="Stream Socket"):
        Server([unusable], lambda _: None, 5, 500)


def test_a_service_without_threads_left_says_so_and_keeps_no_port(port: int, no_thread_can_start: None) -> None:
    with pytest.raises(LocalFault, match=f"Port {port} cannot be opened: can't start new thread"):
        Listener(port, Sockets()).publish("token", "answer")
    assert not is_open(port)


def test_a_machine_without_ipv6_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, port: int
) -> None:
    monkeypatch.setattr(socket, "create_server", without(socket.AF_INET6))
    caplog.set_level(logging.INFO)
    listener = Listener(port, Sockets())
    for _ in range(3):
        listener.publish("token", "answer")
        listener.withdraw("token")
    assert [record.message for record in caplog.records if "AF_INET6" in record.message] == [
        f"There is no AF_INET6 here: challenges on port {port} are answered without"
    ]


def without(missing: socket.AddressFamily) -> Callable[..., socket.socket]:
    """Return `socket.create_server` as it is on a machine that lacks an address family."""
    create_server = socket.create_server

    def create(address: tuple[str, int], *, family: socket.AddressFamily, backlog: int) -> socket.socket:
        if family == missing:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return create_server(address, family=family, backlog=backlog)

    return create


@pytest.mark.parametrize(
    ("missing", "host"), [(socket.AF_INET6, "127.0.0.1"), (socket.AF_INET, "::1")], ids=["no IPv6", "no IPv4"]
)
def test_a_machine_with_one_of_ipv4_and_ipv6_answers_and_checks_there(
    monkeypatch: pytest.MonkeyPatch, port: int, challenge: Challenge, missing: socket.AddressFamily, host: str
) -> None:
    monkeypatch.setattr(socket, "create_server", without(missing))
    provider, parameters = HttpProvider(port, Listeners(Sockets())), HttpParameters()
    provider.present(challenge, parameters)
    provider.check(challenge, parameters)
    answered = body(get_token(port, challenge.token, host=host))
    provider.clean_up(challenge, parameters)
    assert answered == challenge.key_authorization.encode()
