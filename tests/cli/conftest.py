"""A running service for the command line to talk to; the local authority issues at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service."""
    running = Service(tmp_path_factory.mktemp("service") / "data").start()
    yield running
    running.close()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder for deployed files."""
    return tmp_path / "site"
