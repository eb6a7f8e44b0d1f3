"""The IIS in memory keeps the contract that the one over COM keeps."""

from __future__ import annotations

import pytest

from tests.plugins.iis.admin_contract import IisAdminContract
from tests.plugins.iis.memory_iis import MemoryIis


class TestMemory(IisAdminContract):
    """Without Windows."""

    @pytest.fixture
    def iis(self) -> MemoryIis:
        return MemoryIis()
