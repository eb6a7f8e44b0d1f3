"""A store and the deployments that work on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.store import Store
from tests.support.stores import open_store
from tests.support.workshop import Open, Workshop


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def workshop(store: Store, tmp_path: Path) -> Open:
    """Open the workshop with targets."""
    return lambda *targets: Workshop(store, tmp_path, *targets)
