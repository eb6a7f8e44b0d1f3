"""A data folder with a store in it, and its care."""

from __future__ import annotations

from pathlib import Path

import pytest

from certify_core.api import PluginContext
from certify_store_sqlite import SqliteStore
from certify_store_sqlite.care import SqliteCare
from tests.support.stores import NOW, open_store, wanting

NAMES = tuple(f"shop-{number}.test" for number in range(50))


def spoil(file: Path) -> None:
    """Damage a row."""
    content = bytearray(file.read_bytes())
    content[content.rindex(b"shop-7.test")] ^= 1
    file.write_bytes(content)


@pytest.fixture
def care(tmp_path: Path) -> SqliteCare:
    """What looks after the database of the folder."""
    return SqliteStore().care(PluginContext(tmp_path))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A data folder with fifty managed certificates."""
    with open_store(tmp_path) as store:
        for name in NAMES:
            store.certificates.create(wanting(name, places=1), NOW)
    return tmp_path
