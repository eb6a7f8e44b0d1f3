"""When an authority cannot be reached, one error says why, where and what to do."""

from __future__ import annotations

import socket
import time

import pytest

from certify_core.errors import (
    AuthorityUnavailable,
    InvalidInput,
)
from tests.support.issuance import Connect
from tests.support.ports import free_port
from tests.support.scripted_server import ScriptedServer, Silence, Trickle


def test_a_refused_connection_names_the_place(connect: Connect) -> None:
    port = free_port()
    with pytest.raises(AuthorityUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached: connection refused"):
        connect(f"https://127.0.0.1:{port}/dir").register()


def test_a_name_without_an_address_is_named(connect: Connect) -> None:
    with pytest.raises(AuthorityUnavailable, match=r"acme\.invalid cannot be resolved"):
        connect("https://acme.invalid/dir").register()


@pytest.mark.parametrize("address", ["http://ca.example/dir", "ftp://ca.example", "ca.example/dir", "https://", ""])
def test_only_https_is_spoken_beyond_this_machine(connect: Connect, address: str) -> None:
    with pytest.raises(InvalidInput, match="https") as refused:
        connect(address).register()
    assert refused.value.field == "authority"


def test_a_silent_server_is_given_up_in_time(server: ScriptedServer, connect: Connect) -> None:
    server.on("/dir", Silence())
    started = time.monotonic()
    with pytest.raises(AuthorityUnavailable, match="did not answer in time"):
        connect(f"{server.url}/dir", timeout=0.3).register()
    assert time.monotonic() - started < 3


def test_a_server_that_never_ends_its_answer_is_given_up_in_time(server: ScriptedServer, connect: Connect) -> None:
    server.on("/dir", Trickle())
    started = time.monotonic()
    with pytest.raises(AuthorityUnavailable, match="did not answer in time"):
        connect(f"{server.url}/dir", timeout=0.3).register()
    assert time.monotonic() - started < 3


def test_something_that_speaks_no_http_is_named(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]
        client = connect(f"https://127.0.0.1:{port}/dir", timeout=0.3)
        with pytest.raises(AuthorityUnavailable, match=f"127.0.0.1:{port}"):
            client.register()
