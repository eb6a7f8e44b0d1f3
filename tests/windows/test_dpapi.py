"""The master key on a Windows Python is protected by the Data Protection API."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certify_core.api import PluginContext, SecretKeeper
from certify_core.plugins import Plugins
from certify_core.store.secrets import FILE, Vault
from certify_core.testing.secret_keeper import SecretKeeperContract
from certify_windows_dpapi.keeper import DpapiKeeper

if sys.platform == "win32":

    class TestDpapi(SecretKeeperContract):
        @pytest.fixture
        def keeper(self) -> SecretKeeper:
            return DpapiKeeper()

    def test_the_service_is_offered_the_keeper(tmp_path: Path) -> None:
        plugins = Plugins.load(PluginContext(tmp_path))
        assert [keeper.name for keeper in plugins.secret_keepers] == ["windows-dpapi"]

    def test_a_plain_master_key_is_taken_over(tmp_path: Path) -> None:
        sealed, plain = Vault.open(tmp_path).seal(b"secret", "purpose"), (tmp_path / FILE).read_bytes()
        opened = Vault.open(tmp_path, [DpapiKeeper()]).unseal(sealed, "purpose")
        assert (opened, plain in (tmp_path / FILE).read_bytes()) == (b"secret", False)

else:

    def test_elsewhere_no_keeper_is_offered(tmp_path: Path) -> None:
        assert list(Plugins.load(PluginContext(tmp_path)).secret_keepers) == []
