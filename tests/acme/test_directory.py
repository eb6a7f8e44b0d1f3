"""An address that is no ACME directory is named, and a directory is read no more often than it has to be."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient
from certify_core.acme.directory import MAX_AGE, Directory
from certify_core.acme.transport import Transport
from certify_core.errors import (
    AuthorityUnavailable,
    CertifyError,
    ProtocolViolation,
    RateLimited,
)
from tests.support.issuance import Connect, names
from tests.support.scripted_server import Reply, ScriptedServer, json_reply, problem_reply

HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(404, b"<h1>Not here</h1>", HTML), ProtocolViolation, "HTTP status 404 with text/html"),
        (Reply(200, b"<h1>Welcome</h1>", HTML), ProtocolViolation, "answered text/html"),
        (Reply(200, b"[1, 2]"), ProtocolViolation, "JSON object"),
        (json_reply({"newNonce": "/n", "newAccount": "/a"}), ProtocolViolation, "has no newOrder"),
        (json_reply({"hello": "world"}), ProtocolViolation, "no newNonce and no newAccount and no newOrder"),
        (Reply(301, headers={"Location": "https://new.example/dir"}), ProtocolViolation, "https://new.example/dir"),
        (Reply(503, headers={"Retry-After": "7"}), AuthorityUnavailable, "HTTP status 503"),
        (Reply(429, headers={"Retry-After": "7"}), RateLimited, "HTTP status 429"),
        (Reply(200, b" " * (5 * 1024 * 1024)), ProtocolViolation, "more than"),
    ],
    ids=["404", "html", "list", "no newOrder", "empty", "moved", "503", "429", "endless"],
)
def test_a_directory_that_is_none_is_named(
    server: ScriptedServer, connect: Connect, reply: Reply, error: type[CertifyError], words: str
) -> None:
    server.on("/dir", reply)
    with pytest.raises(error, match=words) as refused:
        connect(f"{server.url}/dir").register()
    assert f"{server.url}/dir" in refused.value.cause
    assert refused.value.remedy


def test_an_address_where_nothing_is_says_what_an_address_looks_like(server: ScriptedServer, connect: Connect) -> None:
    with pytest.raises(ProtocolViolation, match=r"such as https://acme\.example/directory"):
        connect(f"{server.url}/nowhere").register()


def test_the_directory_is_read_once(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order", problem_reply("rateLimited", 429))
    for _ in range(3):
        with pytest.raises(RateLimited):
            scripted.new_order(names("a.example"))
    assert len(server.requests("/dir")) == 1


def test_a_directory_whose_addresses_have_moved_is_read_again(server: ScriptedServer, scripted: AcmeClient) -> None:
    old = {name: f"{server.url}/{path}" for name, path in (("newNonce", "nonce"), ("newAccount", "account"))}
    server.on(
        "/dir",
        json_reply({**old, "newOrder": f"{server.url}/old"}),
        json_reply({**old, "newOrder": f"{server.url}/new"}),
    )
    server.on("/new", json_reply({"status": "pending", "finalize": "/f"}, 201, Location="/order/1"))
    assert scripted.new_order(names("moved.example")).url == f"{server.url}/order/1"


def test_the_directory_is_read_again_after_a_day(server: ScriptedServer) -> None:
    address = server.on_acme()
    now = [0.0]
    transport = Transport(None, "certify-tests/1", timeout=5, connections=1)
    directory = Directory(address, transport, clock=lambda: now[0])
    for now[0] in (0.0, MAX_AGE - 1, MAX_AGE + 1):
        directory.address("newOrder")
    transport.close()
    assert len(server.requests("/dir")) == 2
