"""The listener answers everybody, whatever others do to it. Real sockets, both event loops."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify_challenge_http.listener import Listener
from certify_challenge_http.message import MAX_REQUEST
from certify_challenge_http.openers import Sockets
from certify_challenge_http.server import BACKLOG, MAX_CONNECTIONS
from tests.support.http_exchange import CHALLENGES, body, exchange, get_token, received_until_closed, request, status
from tests.support.ports import free_port

Listen = Callable[..., int]
ANSWER = b"token.thumbprint"
HALF_A_REQUEST = f"GET {CHALLENGES}token HTTP/1.1\r\nHost:".encode()
FAR_TOO_LONG = 60.0


@pytest.fixture(scope="module")
def listening() -> Iterator[int]:
    """The port of a listener that all examples of a test share."""
    port = free_port()
    listener = Listener(port, Sockets())
    listener.publish("token", "token.thumbprint")
    yield port
    listener.withdraw("token")


def connected(port: int, stack: ExitStack) -> socket.socket:
    """Return a connection that is closed with the stack."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))


def is_dropped(connection: socket.socket) -> bool:
    """Wait until the other side ends the connection; whether it did so without an answer."""
    try:
        return received_until_closed(connection) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_token_is_answered_on_ipv4_and_ipv6(listen: Listen, host: str) -> None:
    assert body(get_token(listen(), "token", host=host)) == ANSWER


def test_head_is_answered_without_body(listen: Listen) -> None:
    answered = request(listen(), f"{CHALLENGES}token", method="HEAD")
    assert (status(answered), body(answered)) == (200, b"")


def test_a_token_that_nobody_published_is_not_found(listen: Listen) -> None:
    assert status(get_token(listen(), "TOKEN")) == 404


def test_a_thousand_wrong_guesses_change_nothing(listen: Listen) -> None:
    port = listen()
    wrong = {status(get_token(port, f"guess-{number}")) for number in range(1000)}
    assert (wrong, body(get_token(port, "token"))) == ({404}, ANSWER)


def test_a_request_may_come_byte_by_byte(listen: Listen) -> None:
    with ExitStack() as stack:
        connection = connected(listen(), stack)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in HALF_A_REQUEST + b" app.test\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert body(received_until_closed(connection)) == ANSWER


def test_200_parallel_clients_get_their_answers(listen: Listen) -> None:
    port = listen()
    together = threading.Barrier(200)

    def ask(_: int) -> bytes:
        together.wait(30)
        return body(get_token(port, "token"))

    with ThreadPoolExecutor(200) as pool:
        assert list(pool.map(ask, range(200))) == [ANSWER] * 200


def test_50_stalled_clients_do_not_keep_others_from_their_answers(listen: Listen) -> None:
    port = listen(patience=FAR_TOO_LONG)
    with ExitStack() as stack:
        for _ in range(50):
            connected(port, stack).sendall(HALF_A_REQUEST)
        assert [body(get_token(port, "token")) for _ in range(50)] == [ANSWER] * 50


def test_a_client_that_says_nothing_is_dropped_after_a_while(listen: Listen) -> None:
    with ExitStack() as stack:
        assert is_dropped(connected(listen(patience=0.2), stack))


def test_a_client_that_dribbles_is_dropped_after_a_while(listen: Listen) -> None:
    port = listen(patience=0.5)
    with ExitStack() as stack:
        connection = connected(port, stack)
        connection.settimeout(0.02)
        assert dribble(connection) < MAX_REQUEST


def dribble(connection: socket.socket) -> int:
    """Send a header that never ends, a byte at a time, until the other side ends it; return how many bytes went."""
    for sent in range(MAX_REQUEST):
        try:
            connection.sendall(b"x")
            assert connection.recv(1) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            pass
        return sent
    return MAX_REQUEST


def test_a_client_that_goes_on_sending_after_its_answer_is_dropped_after_a_while(listen: Listen) -> None:
    port = listen(patience=0.2)
    with ExitStack() as stack:
        connection = connected(port, stack)
        connection.sendall(HALF_A_REQUEST + b" app.test\r\n\r\n")
        received_until_closed(connection)
        with pytest.raises(ConnectionError):
            while True:
                connection.sendall(b"x" * 1024)


def test_the_newest_of_too_many_connections_is_served(listen: Listen) -> None:
    port = listen(patience=FAR_TOO_LONG, max_connections=10)
    with ExitStack() as stack:
        for _ in range(10):
            connected(port, stack)
        assert body(get_token(port, "token")) == ANSWER


def test_the_oldest_of_too_many_connections_is_dropped(listen: Listen) -> None:
    port = listen(patience=FAR_TOO_LONG, max_connections=10)
    with ExitStack() as stack:
        oldest, *_ = [connected(port, stack) for _ in range(11)]
        assert is_dropped(oldest)


def test_far_more_clients_than_are_served_do_not_stop_the_listener(listen: Listen) -> None:
    port = listen(patience=FAR_TOO_LONG)
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS + 3 * BACKLOG):
            connected(port, stack)
    assert body(get_token(port, "token")) == ANSWER


def test_the_second_oldest_connection_is_kept(listen: Listen) -> None:
    port = listen(patience=FAR_TOO_LONG, max_connections=10)
    with ExitStack() as stack:
        oldest, second, *_ = [connected(port, stack) for _ in range(11)]
        is_dropped(oldest)
        second.sendall(HALF_A_REQUEST + b" app.test\r\n\r\n")
        assert body(received_until_closed(second)) == ANSWER


def test_a_post_with_a_body_reads_its_answer_and_no_reset(listen: Listen) -> None:
    posted = b"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    assert status(exchange(listen(), posted)) == 405


def test_pipelined_requests_get_one_answer_and_no_reset(listen: Listen) -> None:
    one = f"GET {CHALLENGES}token HTTP/1.1\r\nHost: app.test\r\n\r\n".encode()
    assert exchange(listen(), one * 1000).count(b"HTTP/1.1 ") == 1


def test_headers_without_end_are_answered_before_they_end(listen: Listen) -> None:
    with ExitStack() as stack:
        connection = connected(listen(patience=FAR_TOO_LONG), stack)
        connection.sendall(b"x" * MAX_REQUEST)
        assert status(received_until_closed(connection)) == 431


def test_a_client_that_resets_its_connection_disturbs_nobody(listen: Listen) -> None:
    port = listen()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall(HALF_A_REQUEST)
    assert body(get_token(port, "token")) == ANSWER


@settings(deadline=None, max_examples=60)
@given(sent=st.one_of(st.binary(max_size=2000), st.binary(min_size=1, max_size=20).map(lambda some: some * 2000)))
def test_no_bytes_stop_the_listener(listening: int, sent: bytes) -> None:
    exchange(listening, sent)
    assert body(get_token(listening, "token")) == ANSWER
