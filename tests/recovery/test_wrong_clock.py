"""The service under a clock that is wrong, made so by libfaketime: nothing is renewed early, nothing is missed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.processes import installed
from tests.support.service import Service
from tests.support.stores import behind_its_back
from tests.support.waiting import eventually


def preloaded(offset: str) -> dict[str, str]:
    """Return the environment of a process whose clock is off, while its monotonic time is not."""
    installed("faketime", "faketime")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def wish(pebble: Pebble) -> dict[str, Any]:
    """A certificate of five years."""
    return {
        "id": "timed",
        "identifiers": ["timed.example.test"],
        "authority": pebble.directory,
        "ca_bundle": str(pebble.ca_bundle),
    }


def test_a_clock_that_is_years_ahead_renews_nothing_early(tmp_path: Path, pebble: Pebble, wish: dict[str, Any]) -> None:
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    before = issue(service, wish)["issued"]["serial"]
    service.close()
    ahead = Service(tmp_path / "data", environment=preloaded("+1600d")).start()
    try:
        eventually(lambda: "clock is off by" in ahead.log())
        eventually(lambda: show(ahead, "timed")["status"] != "running")
        assert show(ahead, "timed")["issued"]["serial"] == before
    finally:
        ahead.close()


def make_due(data_dir: Path, seconds: float) -> None:
    """Let the only certificate of a stopped service be due in so many seconds of the real time."""
    with behind_its_back(data_dir) as database:
        document = json.loads(database.execute(text("SELECT issued FROM managedcertificate")).scalar_one())
        lifetime = 100_000.0
        document["not_before"] = time.time() + seconds - lifetime * 0.667
        document["not_after"] = document["not_before"] + lifetime
        row = {"issued": json.dumps(document), "due": time.time() + seconds}
        database.execute(text("UPDATE managedcertificate SET issued = :issued, next_due_at = :due"), row)


def test_a_clock_that_was_set_back_misses_nothing(tmp_path: Path, pebble: Pebble, wish: dict[str, Any]) -> None:
    service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    before = issue(service, wish)["issued"]["serial"]
    service.close()
    make_due(tmp_path / "data", 1.0)
    behind = Service(tmp_path / "data", environment=preloaded("-20h")).start()
    try:
        eventually(lambda: show(behind, "timed")["issued"]["serial"] != before)
    finally:
        behind.close()


def test_a_clock_that_is_years_ahead_still_serves_a_request(
    tmp_path: Path, pebble: Pebble, wish: dict[str, Any]
) -> None:
    service = Service(tmp_path / "data", environment=preloaded("+1600d"))
    service.configure(httpChallengeServerPort=pebble.http_port).start()
    try:
        before = issue(service, wish)["issued"]["serial"]
        request(service, "timed")
        assert show(service, "timed")["issued"]["serial"] != before
    finally:
        service.close()
