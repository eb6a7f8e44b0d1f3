"""Fixtures that tests of every floor share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pebble import Pebble


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, whole suites on a Windows machine: nobody waits for one of them at the end."""
    items.sort(key=lambda item: "windows/lab/" not in item.nodeid)


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An ACME server that refuses one nonce in twenty; each test process has its own."""
    with Pebble(tmp_path_factory.mktemp("pebble")) as running:
        yield running
