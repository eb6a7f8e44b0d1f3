"""Killed at any point of an account's change, the account works after the next start and the change is finished.

The points are named as in the crash matrix of orders; a run that nothing harms proves that the tables are complete.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support.accounts import account_at
from tests.support.issuing import issue
from tests.support.killing import KILLED
from tests.support.mortal import MortalService
from tests.support.pebble import Pebble
from tests.support.samples import some_on_windows
from tests.support.service import Service
from tests.support.waiting import eventually

ROLLOVER = ["accounts.begin_rollover", "authority.change_key", "accounts.complete_rollover"]
DEACTIVATION = ["accounts.set_deactivating", "authority.deactivate", "accounts.remove"]
"""What happens, in this order; every one of these is a point before and a point after."""

Run = Callable[[str | None], MortalService]


def points(steps: list[str]) -> list[str]:
    """Return the points of these steps."""
    return [f"new: {when} {step}" for step in steps for when in ("before", "after")]


@pytest.fixture
def account(tmp_path: Path, pebble: Pebble) -> dict[str, Any]:
    """The account of a data folder, as it was before anybody changed it."""
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    service.call("POST", "/api/accounts", {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)})
    found = account_at(service, pebble)
    assert service.stop() == 0
    return found


@pytest.fixture
def changed(tmp_path: Path, account: dict[str, Any]) -> Callable[[str, str | None], MortalService]:
    """Ask for a change; the service may die before it can answer."""

    def ask(verb: str, point: str | None = None) -> MortalService:
        service = MortalService(tmp_path / "data", tmp_path / "points", point).start()
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            service.call("POST", f"/api/accounts/{account['id']}/{verb}")
        return service

    return ask


def issues(service: Service, pebble: Pebble) -> bool:
    """Whether a certificate can be had."""
    where = {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)}
    return bool(issue(service, {"identifiers": ["heir.example.test"], **where})["status"] == "healthy")


@pytest.mark.parametrize(("verb", "steps"), [("rollover", ROLLOVER), ("deactivate", DEACTIVATION)])
def test_the_tables_name_every_point(
    changed: Callable[[str, str | None], MortalService], verb: str, steps: list[str]
) -> None:
    service = changed(verb, None)
    service.close()
    assert service.points() == points(steps)


@pytest.mark.parametrize("point", some_on_windows(points(ROLLOVER), every=3))
def test_a_rollover_that_was_begun_is_finished_and_the_account_works(
    changed: Callable[[str, str | None], MortalService],
    account: dict[str, Any],
    tmp_path: Path,
    pebble: Pebble,
    point: str,
) -> None:
    assert changed("rollover", point).wait_for_death() == KILLED
    heir = Service(tmp_path / "data").start()
    try:
        assert issues(heir, pebble)
        now = account_at(heir, pebble)
    finally:
        heir.close()
    assert now["url"] == account["url"]
    assert (now["thumbprint"] == account["thumbprint"]) == (point == points(ROLLOVER)[0])


@pytest.mark.parametrize("point", some_on_windows(points(DEACTIVATION), every=3))
def test_an_end_that_was_begun_is_finished_and_a_later_order_opens_another_account(
    changed: Callable[[str, str | None], MortalService],
    account: dict[str, Any],
    tmp_path: Path,
    pebble: Pebble,
    point: str,
) -> None:
    assert changed("deactivate", point).wait_for_death() == KILLED
    heir = Service(tmp_path / "data").start()
    try:
        if point != points(DEACTIVATION)[0]:
            eventually(lambda: heir.call("GET", "/api/accounts").body["accounts"] == [])
        assert issues(heir, pebble)
        now = account_at(heir, pebble)
    finally:
        heir.close()
    assert (now["url"] == account["url"]) == (point == points(DEACTIVATION)[0])


def test_challenges_of_an_order_under_way_are_answered_with_the_key_that_counts_then(
    tmp_path: Path, pebble: Pebble, account: dict[str, Any]
) -> None:
    # One service dies with its answers presented, the next one in the middle of a rollover.
    first = MortalService(tmp_path / "data", tmp_path / "points", "presented: before authority.answer").start()
    where = {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)}
    first.want({"identifiers": ["outdated.example.test"], **where})
    assert first.wait_for_death() == KILLED
    roll_over_without_a_word(tmp_path / "data", pebble)
    heir = Service(tmp_path / "data").start()
    try:
        eventually(lambda: heir.call("GET", "/api/managedcertificates/summary").body == {"healthy": 1})
        log = heir.call("GET", "/api/managedcertificates/mortal/log").body["entries"]
    finally:
        heir.close()
    assert [entry["kind"] for entry in log].count("order created") == 1
    assert account["url"] is not None


def roll_over_without_a_word(data_dir: Path, pebble: Pebble) -> None:
    """Have the authority take a next key that is stored as such: as a crash after its answer leaves it."""
    from certify_core.acme import AccountKey, AcmeClient
    from tests.support.stores import open_store, secret_keepers

    with open_store(data_dir, secret_keepers()) as store:
        ((stored),) = store.accounts.all()
        following = AccountKey.generate()
        store.accounts.begin_rollover(stored, following.to_pem())
        client = AcmeClient(
            pebble.directory,
            AccountKey.from_pem(stored.key_pem),
            account_url=stored.url,
            ca_bundle=pebble.ca_bundle,
            user_agent="tests",
        )
        with contextlib.closing(client):
            client.change_key(following)
