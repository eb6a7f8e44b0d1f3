"""A running service that gets its certificates from a real ACME server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.own_port import port_is_not_shared  # noqa: F401 - a fixture
from tests.support.pebble import Pebble
from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, pebble: Pebble) -> Iterator[Service]:
    """A service whose http-01 listener answers where Pebble looks."""
    running = Service(tmp_path_factory.mktemp("service"))
    running.configure(httpChallengeServerPort=pebble.http_port).start()
    yield running
    running.close()


@pytest.fixture
def wish(pebble: Pebble) -> Callable[..., dict[str, Any]]:
    """Say what is wanted: names, and whatever else."""

    def make(*identifiers: str, **more: Any) -> dict[str, Any]:
        return {
            "identifiers": list(identifiers),
            "authority": pebble.directory,
            "ca_bundle": str(pebble.ca_bundle),
            **more,
        }

    return make


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder for deployed files."""
    return tmp_path / "site"
