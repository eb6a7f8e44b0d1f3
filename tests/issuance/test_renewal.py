"""Certificates are renewed by themselves, and what was stopped is taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, show
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.waiting import eventually

LIFETIME = 9
"""Seconds: renewed after two thirds, which is six."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority whose certificates are valid for seconds."""
    with Pebble(tmp_path_factory.mktemp("pebble"), validity_seconds=LIFETIME) as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, hasty: Pebble) -> Iterator[Service]:
    """A service whose listener answers where that authority looks."""
    running = Service(tmp_path / "data").configure(httpChallengeServerPort=hasty.http_port).start()
    yield running
    running.close()


def wish(hasty: Pebble, name: str, **more: Any) -> dict[str, Any]:
    """Say what is wanted of a name."""
    return {"identifiers": [name], "authority": hasty.directory, "ca_bundle": str(hasty.ca_bundle), **more}


def test_a_certificate_is_renewed_before_it_expires(service: Service, hasty: Pebble) -> None:
    first = issue(service, wish(hasty, "renewed.example.test"))
    eventually(lambda: _serial(service, first) != first["issued"]["serial"], within=LIFETIME)


def test_without_automatic_renewal_it_expires(service: Service, hasty: Pebble) -> None:
    manual = wish(hasty, "manual.example.test", renewal={"automatic": False})
    created = service.call("POST", "/api/managedcertificates", manual).body
    watched = issue(service, wish(hasty, "beside.example.test"))
    eventually(lambda: _serial(service, watched) != watched["issued"]["serial"], within=LIFETIME)
    assert show(service, created["id"])["status"] == "waiting"


def test_what_became_due_while_the_service_was_down_is_renewed_at_its_start(service: Service, hasty: Pebble) -> None:
    first = issue(service, wish(hasty, "down.example.test"))
    service.stop()
    service.start()
    eventually(lambda: _serial(service, first) != first["issued"]["serial"], within=LIFETIME)


def _serial(service: Service, certificate: dict[str, Any]) -> str:
    serial: str = show(service, certificate["id"])["issued"]["serial"]
    return serial
