"""A running service for each file of tests, and names that no other test uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that all tests of a file share."""
    running = Service(tmp_path_factory.mktemp("service") / "data").configure(logLevel="debug").start()
    yield running
    running.close()


@pytest.fixture
def name() -> str:
    """A DNS name that nothing else in this service has."""
    return f"{uuid.uuid4().hex[:16]}.test"
