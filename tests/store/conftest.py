"""A store on a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.store import Store
from tests.support.stores import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in the test's folder."""
    with open_store(tmp_path) as opened:
        yield opened
