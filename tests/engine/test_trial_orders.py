"""Trial orders at authorities that behave as real ones sometimes do: scripted, since a test server never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from certify_core.api import AcmeAuthority, AuthorityUnavailable, Conflict
from certify_core.domain.attempts import Outcome
from certify_core.domain.order import Order, OrderState
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.challenges import Challenges
from certify_core.engine.trial_orders import TrialOrders
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.plugins import plugins_with
from tests.support.scripted_server import Reply, ScriptedServer, json_reply
from tests.support.stores import FAILURE, NOW, order_for, wanting

A_WEEK = "604800"


@dataclass
class Trial:
    """An authority for tests that answers as scripted, and trial orders at it."""

    store: Store
    server: ScriptedServer
    authority: AcmeAuthority
    orders: TrialOrders

    def renewing(self) -> Order:
        """Return an order of a renewal that is under way, the one that the authority gives for shop.test."""
        certificate = self.store.certificates.create(wanting("shop.test"), NOW)
        order = replace(order_for(certificate), state=OrderState.PRESENTED, url=f"{self.server.url}/order/1")
        self.store.orders.open(order)
        return order

    def run(self) -> None:
        """Try an order for shop.test."""
        self.orders.run(self.authority, wanting("shop.test"))


def order_reply(url: str, status: int = 200) -> Reply:
    """Return an order at `url` that the authority is in no hurry with, though it believes its name."""
    document = {
        "status": "pending",
        "identifiers": [{"type": "dns", "value": "shop.test"}],
        "authorizations": [f"{url}/names"],
        "finalize": f"{url}/finalize",
    }
    return json_reply(document, status, Location=url, Retry_After=A_WEEK)


@pytest.fixture
def trial(store: Store, tmp_path: Path) -> Iterator[Trial]:
    """All of it."""
    with ScriptedServer() as server:
        directory = server.on_acme()
        server.on("/account", json_reply({"status": "valid"}, 201, Location=f"{server.url}/account/1"))
        server.on("/order", order_reply(f"{server.url}/order/1", 201))
        server.on("/order/1", order_reply(f"{server.url}/order/1"))
        name = {"identifier": {"type": "dns", "value": "shop.test"}, "status": "valid", "challenges": []}
        server.on("/order/1/names", json_reply(name))
        wanted = Wanted(plugins_with(tmp_path), store.vault, store.credentials)
        accounts = AccountKeeper(store, lambda: NOW)
        orders = TrialOrders(store, accounts, Challenges(wanted), patience=0.2)
        yield Trial(store, server, AcmeAuthority("tests", "Tests", directory, staging=True), orders)
        accounts.close()


def test_an_authority_that_wants_to_be_asked_in_a_week_is_not_waited_for(trial: Trial) -> None:
    with pytest.raises(AuthorityUnavailable, match="has left the order pending"):
        trial.run()


def test_an_order_that_a_renewal_has_under_way_is_left_to_it(trial: Trial) -> None:
    """Let's Encrypt gives an order again for as long as it is pending; its answers must stay where they are."""
    trial.renewing()
    with pytest.raises(Conflict, match="has an order for these names already"):
        trial.run()
    assert trial.server.requests("/order/1/names") == []


def test_an_order_that_a_renewal_has_given_up_may_be_had_again(trial: Trial) -> None:
    trial.store.orders.fail(trial.renewing(), FAILURE, Outcome(NOW), NOW)
    with pytest.raises(AuthorityUnavailable):
        trial.run()
