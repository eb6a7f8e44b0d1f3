"""Nonces are gathered from every answer, and refused ones replaced."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient
from certify_core.acme.nonces import MAX_AGE, NoncePool
from certify_core.errors import (
    ProtocolViolation,
)
from tests.support.scripted_server import Reply, ScriptedServer, json_reply, problem_reply

ORDER = json_reply({"status": "ready", "finalize": "https://ca.example/f"}, 200)


def test_ten_refused_nonces_in_a_row_are_outlived(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", *[problem_reply("badNonce", 400)] * 10, ORDER)
    assert scripted.order(f"{server.url}/order/1").status == "ready"
    used = [request.signed("protected")["nonce"] for request in server.requests("/order/1")]
    assert len(set(used)) == 11


def test_a_server_that_refuses_every_nonce_is_given_up(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", problem_reply("badNonce", 400))
    with pytest.raises(ProtocolViolation, match="badNonce"):
        scripted.order(f"{server.url}/order/1")
    assert len(server.requests("/order/1")) == 11


def test_every_answer_brings_the_next_nonce_and_so_does_a_refusal(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order/1", problem_reply("malformed", 400), ORDER)
    with pytest.raises(ProtocolViolation):
        scripted.order(f"{server.url}/order/1")
    scripted.order(f"{server.url}/order/1")
    assert len(server.requests("/nonce")) == 1


def test_a_server_that_gives_no_nonces_breaks_the_protocol(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/nonce", Reply(headers={"Replay-Nonce": ""}))
    with pytest.raises(ProtocolViolation, match="Replay-Nonce"):
        scripted.order(f"{server.url}/order/1")


def test_the_newest_nonce_is_taken_first_and_each_only_once() -> None:
    pool = NoncePool()
    for nonce in ("old", None, "", "new"):
        pool.put(nonce)
    assert [pool.take(), pool.take(), pool.take()] == ["new", "old", None]


def test_a_nonce_that_has_become_old_is_not_used() -> None:
    now = [0.0]
    pool = NoncePool(clock=lambda: now[0])
    pool.put("yesterday's")
    now[0] = MAX_AGE + 1
    pool.put("fresh")
    assert [pool.take(), pool.take()] == ["fresh", None]
