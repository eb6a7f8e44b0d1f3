"""A running service for each file of tests, and names that no other test uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gate import Gate
from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that all tests of a file share; it logs all that it can."""
    data = tmp_path_factory.mktemp("service") / "data"  # not there yet: what makes it closes it to others
    running = Service(data, environment={"CERTIFY_LOG_LEVEL": "debug"}).start()
    yield running
    running.close()


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, not started; what its folder holds is the test's to say."""
    service = Service(tmp_path / "data").configure()
    yield service
    service.close()


@pytest.fixture
def name() -> str:
    """A DNS name that nothing else in this service has."""
    return f"{uuid.uuid4().hex[:16]}.test"


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Where a deployment waits."""
    with Gate() as opened:
        yield opened
