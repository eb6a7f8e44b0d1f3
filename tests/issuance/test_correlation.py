"""What a request starts is told with the request's id, as far as the authority."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.issuing import outcome_of
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.wishes import CERTIFICATES, resting


@pytest.fixture
def structured(tmp_path: Path, pebble: Pebble) -> Iterator[Service]:
    """A service that logs for programs, all that it can."""
    service = Service(tmp_path / "data")
    yield service.configure(httpChallengeServerPort=pebble.http_port, logFormat="json", logLevel="debug").start()
    service.close()


def test_the_log_shows_the_id_of_a_request_up_to_the_authority(structured: Service, pebble: Pebble) -> None:
    at_pebble = {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)}
    structured.call("POST", CERTIFICATES, resting("told.test", id="told", **at_pebble))
    started = structured.call("POST", f"{CERTIFICATES}/told/request")
    outcome_of(structured, started.body["operation"])
    lines = [json.loads(line) for line in structured.log().splitlines()]
    told = [line["message"] for line in lines if line.get("correlation") == started.headers["X-Correlation-Id"]]
    assert [message for message in told if pebble.directory in message]
