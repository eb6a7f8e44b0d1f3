"""Challenges answered through http.sys: beside other programs, whatever strangers send, and refusals told as they are.

Wine plays http.sys well enough for all of this, but for one thing: when any program gives a prefix back, all others
lose their port. So each test here ends what it began on its own port, and none looks at what goes on after that.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from pydantic import BaseModel

from certify_challenge_http.http_sys import HttpSysServer, prefix
from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.listener import Listener
from certify_challenge_http.listeners import Listeners
from certify_challenge_http.listening import HttpParameters, HttpProvider
from certify_challenge_http.openers import SharedPort
from certify_core.api import Challenge, ChallengeProvider, LocalFault
from certify_core.testing.challenge_provider import ChallengeProviderContract, Observe, new_challenge
from tests.support.http_exchange import is_open, status
from tests.support.http_sys.asking import answer_at_once, asked
from tests.support.http_sys.other_program import other_program
from tests.support.http_sys.waking import awake
from tests.support.ports import free_port
from tests.support.waiting import eventually

PATH = "/.well-known/acme-challenge/"
Send = Callable[[str], bytes]


def test_the_prefix_is_the_challenges_path_of_every_name_and_address() -> None:
    assert prefix(80) == "http://+:80/.well-known/acme-challenge/"


if sys.platform == "win32":

    @pytest.fixture(scope="module", autouse=True)
    def http_sys_is_awake() -> Iterator[None]:
        """Wine's does not fall deaf."""
        with awake():
            yield

    @pytest.fixture
    def port() -> int:
        return free_port()

    @pytest.fixture
    def serving(port: int) -> Iterator[int]:
        """http.sys answers `token` by `token.thumbprint` on this port."""
        server = HttpSysServer(port, {"token": "token.thumbprint"}.get)
        yield port
        server.close()

    @pytest.fixture
    def send(serving: int) -> Send:
        """Send a request line and headers; return what is answered at once."""

        def sent(request: str) -> bytes:
            return answer_at_once(serving, request)

        return sent

    class TestContract(ChallengeProviderContract):
        """All that every challenge provider has to keep."""

        @pytest.fixture
        def provider(self) -> HttpProvider:
            return HttpProvider(80, Listeners(SharedPort()))

        @pytest.fixture
        def parameters(self, port: int) -> HttpParameters:
            return HttpParameters(port=port)

        @pytest.fixture
        def observe(self, port: int, challenge: Challenge, other: Challenge) -> Observe:
            def observed() -> object:
                try:
                    return [asked(port, one.token) for one in (challenge, other)]
                except ConnectionError:  # also while Wine is closing the port, which takes it a moment
                    return "closed"

            return observed

        def test_threads_at_once_do_not_disturb_each_other(
            self, provider: ChallengeProvider, parameters: BaseModel, name: str, observe: Observe
        ) -> None:
            """As the contract's own, with two threads: Wine hands nothing over that came while none of ours waited."""

            def work(challenge: Challenge) -> None:
                provider.present(challenge, parameters)
                provider.check(challenge, parameters)
                provider.clean_up(challenge, parameters)

            before = observe()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(work, [new_challenge(name, "http-01") for _ in range(16)]))
            assert observe() == before

    def test_a_published_token_is_answered(serving: int) -> None:
        assert asked(serving, "token") == (200, b"token.thumbprint")

    def test_another_token_is_not_found(serving: int) -> None:
        assert asked(serving, "Token")[0] == 404

    def test_head_is_answered_without_the_content(send: Send) -> None:
        answered = send(f"HEAD {PATH}token HTTP/1.1")
        assert (b"Content-Length: 16\r\n" in answered, answered.endswith(b"\r\n\r\n")) == (True, True)

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "INVENTED"])
    def test_other_methods_are_refused(send: Send, method: str) -> None:
        answered = send(f"{method} {PATH}token HTTP/1.1\r\nContent-Length: 0")
        assert (status(answered), b"Allow: GET, HEAD\r\n" in answered) == (405, True)

    def test_an_encoded_token_is_another_one(send: Send) -> None:
        assert status(send(f"GET {PATH}%74oken HTTP/1.1")) == 404

    def test_a_query_is_ignored(send: Send) -> None:
        assert status(send(f"GET {PATH}token?a=b HTTP/1.1")) == 200

    def test_a_request_larger_than_the_buffer_is_answered(send: Send) -> None:
        assert status(send(f"GET {PATH}token HTTP/1.1\r\nX-Long: {'a' * 60_000}")) == 200

    def test_clients_that_never_finish_keep_nobody_waiting(serving: int) -> None:
        with ExitStack() as stack:
            for begun in (b"", b"GET /.well", f"POST {PATH}token HTTP/1.1\r\nContent-Length: 9\r\n".encode()) * 50:
                client = stack.enter_context(socket.create_connection(("127.0.0.1", serving), 30))
                client.sendall(begun)
            assert asked(serving, "token") == (200, b"token.thumbprint")

    def test_clients_that_leave_before_they_are_answered_stop_nothing(serving: int) -> None:
        request = f"GET {PATH}token HTTP/1.1\r\nHost: app.test:{serving}\r\n\r\n".encode()
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", serving), 30) as client:
                client.sendall(request)
        assert asked(serving, "token") == (200, b"token.thumbprint")

    def test_wrong_guesses_change_nothing(serving: int) -> None:
        """As with the socket listener, which gets a thousand of them: the code that answers is the same."""
        wrong = {asked(serving, f"guess-{number}")[0] for number in range(100)}
        assert (wrong, asked(serving, "token")) == ({404}, (200, b"token.thumbprint"))

    def test_the_port_is_shared_with_a_program_that_has_the_rest_of_it(port: int) -> None:
        with other_program(port, "/", "the other site"):
            listener = Listener(port, SharedPort())
            listener.publish("token", "token.thumbprint")
            ours = asked(port, "token")
            theirs = answer_at_once(port, "GET /index.html HTTP/1.1")
            listener.withdraw("token")
        assert (ours, theirs.endswith(b"the other site")) == ((200, b"token.thumbprint"), True)

    def test_a_second_order_neither_opens_nor_stops_the_firsts_listener(port: int) -> None:
        listener = Listener(port, SharedPort())
        listener.publish("one", "one.thumbprint")
        listener.publish("two", "two.thumbprint")
        listener.withdraw("two")
        answered = asked(port, "one")
        listener.withdraw("one")
        eventually(lambda: not is_open(port))
        assert answered == (200, b"one.thumbprint")

    def test_looking_at_the_port_does_not_stop_the_listener(port: int) -> None:
        listener = Listener(port, SharedPort())
        listener.publish("token", "token.thumbprint")
        listener.look()
        answered = asked(port, "token")
        listener.withdraw("token")
        assert answered == (200, b"token.thumbprint")

    def test_it_opens_and_closes_again_and_again(port: int) -> None:
        seen = []
        for _ in range(20):
            server = HttpSysServer(port, {"token": "answer"}.get)
            seen.append(asked(port, "token"))
            server.close()
            eventually(lambda: not is_open(port))  # Wine closes it a moment later
        assert seen == [(200, b"answer")] * 20

    def test_a_prefix_that_another_program_has_is_said(port: int) -> None:
        with other_program(port, PATH, "another client"), pytest.raises(HttpSysRefused) as refused:
            HttpSysServer(port, {}.get)
        assert (refused.value.code, "servicestate" in refused.value.remedy) == ("challenge-prefix-taken", True)

    def test_a_port_of_a_program_that_does_not_share_it_is_said(port: int) -> None:
        with socket.create_server(("0.0.0.0", port)), pytest.raises(HttpSysRefused) as refused:
            HttpSysServer(port, {}.get)
        assert (refused.value.code, "(error 32)" in refused.value.cause) == ("challenge-port-held", True)

    def test_a_port_that_neither_way_gets_is_said_in_words_about_the_port(port: int) -> None:
        with socket.create_server(("0.0.0.0", port)), pytest.raises(LocalFault, match=f"^Port {port} is held by "):
            Listener(port, SharedPort()).publish("token", "answer")
