"""What changes nothing is asked again by itself; what changes something never is."""

from __future__ import annotations

import pytest

from certify_core.acme import AcmeClient, ConnectionBroken
from certify_core.errors import (
    AuthorityUnavailable,
    RateLimited,
)
from tests.support.issuance import names
from tests.support.scripted_server import Reply, Reset, ScriptedServer, json_reply, problem_reply

ORDER = json_reply({"status": "ready", "finalize": "https://ca.example/f"}, 200)


@pytest.mark.parametrize("trouble", [Reset(), Reply(502), problem_reply("serverInternal", 500)])
def test_reading_outlives_two_troubles(server: ScriptedServer, scripted: AcmeClient, trouble: Reply | Reset) -> None:
    server.on("/order/1", trouble, trouble, ORDER)
    assert scripted.order(f"{server.url}/order/1").status == "ready"


def test_a_placed_order_is_never_placed_again_by_itself(server: ScriptedServer, scripted: AcmeClient) -> None:
    server.on("/order", Reset())
    with pytest.raises(ConnectionBroken):
        scripted.new_order(names("once.example"))
    assert len(server.requests("/order")) == 1


def test_an_authority_that_says_when_to_come_back_is_not_asked_before(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    server.on("/order/1", Reply(503, headers={"Retry-After": "90"}))
    with pytest.raises(AuthorityUnavailable) as refused:
        scripted.order(f"{server.url}/order/1")
    assert refused.value.retry_after == 90
    assert len(server.requests("/order/1")) == 1


def test_a_date_in_retry_after_is_compared_with_the_servers_own_clock(
    server: ScriptedServer, scripted: AcmeClient
) -> None:
    dates = {"Retry-After": "Sat, 01 Jan 2000 00:01:30 GMT", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}
    server.on("/order/1", Reply(429, headers=dates))
    with pytest.raises(RateLimited) as refused:
        scripted.order(f"{server.url}/order/1")
    assert refused.value.retry_after == 90
