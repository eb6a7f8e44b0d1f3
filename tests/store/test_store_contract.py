"""The SQLite store passes the tests that every storage plugin has to pass."""

from __future__ import annotations

import pytest

from certify_core.api import StoreProvider
from certify_core.testing.store import StoreContract
from certify_store_sqlite import SqliteStore


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def provider(self) -> StoreProvider:
        return SqliteStore()
