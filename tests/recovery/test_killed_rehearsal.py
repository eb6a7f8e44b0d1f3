"""Killed between the rehearsal and the order that counts, the service goes on with the latter."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.support.issuing import issue, show
from tests.support.killing import KILLED
from tests.support.mortal import MortalService
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.two_authorities import TwoAuthorities, two_authorities
from tests.support.waiting import eventually

NAME = "rehearsed.example.test"
POINTS = ["validated: before orders.rehearsed", "validated: after orders.rehearsed", "rehearsed: after orders.open"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pebble: Pebble) -> Iterator[TwoAuthorities]:
    """Two authorities: the second is for tests."""
    with two_authorities(tmp_path_factory.mktemp("authorities"), pebble) as running:
        yield running


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_rehearsal_is_followed_by_one_order(
    point: str, tmp_path: Path, both: TwoAuthorities, pebble: Pebble
) -> None:
    data, port = tmp_path / "data", pebble.http_port
    pebble.set_servfail(NAME)
    with contextlib.closing(Service(data).configure(httpChallengeServerPort=port).start()) as before:
        issue(before, both.wish(NAME, on_failure={"rehearse_at": both.second.directory}))
    pebble.clear_servfail(NAME)
    both.first.ordered.clear()

    doomed = MortalService(data, tmp_path / "points", point).start()
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        doomed.call("POST", "/api/managedcertificates/rehearsed/request")
    assert doomed.wait_for_death() == KILLED

    with contextlib.closing(Service(data).start()) as heir:
        eventually(lambda: show(heir, "rehearsed")["status"] == "healthy")
    assert both.first.ordered == [NAME]
