"""Two services never work on one data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    """A service on a data folder."""
    service = Service(tmp_path / "data").start()
    yield service
    service.close()


def test_the_second_service_refuses_and_names_the_first(running: Service) -> None:
    ended = running.certify("serve", "--port", "0")
    assert (ended.code, f"pid {running.pid}" in ended.err) == (1, True)


def test_the_first_service_is_not_disturbed_by_the_second(running: Service) -> None:
    running.certify("serve", "--port", "0")
    assert running.call("GET", "/api/managedcertificates").status == 200


def test_a_lock_left_by_a_killed_service_is_no_obstacle(running: Service) -> None:
    running.kill()
    heir = Service(running.data_dir).start()
    heir.close()
    assert heir.url
