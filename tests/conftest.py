"""Fixtures that tests of every floor share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pebble import Pebble


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An ACME server that refuses one nonce in twenty; each test process has its own."""
    with Pebble(tmp_path_factory.mktemp("pebble")) as running:
        yield running
