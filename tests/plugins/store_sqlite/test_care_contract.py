"""The SQLite store keeps what a store that looks after itself promises."""

from __future__ import annotations

import pytest

from certify_core.testing.store_care import StoreCareContract
from certify_store_sqlite import SqliteStore


class TestSqliteStore(StoreCareContract):
    @pytest.fixture
    def provider(self) -> SqliteStore:
        return SqliteStore()
