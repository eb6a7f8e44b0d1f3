"""What is wrong on this machine is found before the authority is asked, and costs nothing there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, request
from tests.support.pebble import Pebble
from tests.support.ports import free_port
from tests.support.service import Service

Wish = Callable[..., dict[str, Any]]


@pytest.fixture
def fresh(tmp_path: Path, pebble: Pebble) -> Iterator[Service]:
    """A service that no authority has heard of."""
    running = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    yield running
    running.close()


def test_a_port_that_is_taken_is_a_local_fault(fresh: Service, wish: Wish) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        challenge = {"provider": "http", "parameters": {"port": port}}
        certificate = issue(fresh, wish("taken.example.test", challenge=challenge))
    assert certificate["failure"]["failure_class"] == "local"
    assert f"Port {port} is held by" in certificate["failure"]["cause"]


def test_a_local_fault_opens_no_account(fresh: Service, wish: Wish) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        challenge = {"provider": "http", "parameters": {"port": taken.getsockname()[1]}}
        issue(fresh, wish("costless.example.test", challenge=challenge))
    assert fresh.call("GET", "/api/accounts").body["accounts"] == []


def test_a_document_root_that_is_not_there_is_found_first(fresh: Service, wish: Wish, tmp_path: Path) -> None:
    parameters = {"path": str(tmp_path / "gone"), "port": free_port()}
    issue(fresh, wish("gone.example.test", challenge={"provider": "webroot", "parameters": parameters}))
    assert fresh.call("GET", "/api/accounts").body["accounts"] == []


def test_what_a_local_fault_held_up_goes_on_with_the_same_order(fresh: Service, wish: Wish, pebble: Pebble) -> None:
    with socket.create_server(("0.0.0.0", pebble.http_port)):
        certificate = issue(fresh, wish("later.example.test"))
    kinds = [event["kind"] for event in request(fresh, certificate["id"])]
    assert "order created" not in kinds
    assert kinds[-2:] == ["saved", "settled"]
