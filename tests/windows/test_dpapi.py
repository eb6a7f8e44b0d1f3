"""The master key on a Windows Python is protected by the Data Protection API."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from certify_core.api import LocalFault, PluginContext, SecretKeeper, SelfTestStep
from certify_core.plugins import Plugins
from certify_core.store.secrets import FILE, Vault
from certify_core.testing.secret_keeper import SecretKeeperContract
from certify_windows_dpapi.another_account import ANSWER, answer, run_as_system
from certify_windows_dpapi.keeper import DpapiKeeper
from certify_windows_dpapi.selftest import DpapiSelfTest

if sys.platform == "win32":

    class TestDpapi(SecretKeeperContract):
        @pytest.fixture
        def keeper(self) -> SecretKeeper:
            return DpapiKeeper()

    def test_the_service_is_offered_the_keeper(tmp_path: Path) -> None:
        plugins = Plugins.load(PluginContext(tmp_path))
        assert [keeper.name for keeper in plugins.secret_keepers] == ["windows-dpapi"]

    def step_by(run_as_another: Callable[[Path], None]) -> SelfTestStep:
        """Return the selftest's step, with something else in the place of its task of LocalSystem."""
        return next(step for step in DpapiSelfTest(run_as_another).steps() if step.name == "dpapi-account")

    def by_ourselves(folder: Path) -> None:
        answer(folder, DpapiKeeper())

    def by_somebody_else(folder: Path) -> None:
        """Answer as another account, as far as Wine knows accounts: by the name that it has put here."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WINEUSERNAME", "somebody-else")
            answer(folder, DpapiKeeper())

    def test_the_selftest_is_not_content_with_the_same_account() -> None:
        with pytest.raises(LocalFault, match="the same account"):
            step_by(by_ourselves).run()

    def test_the_selftest_says_it_if_another_account_does_not_open_what_this_one_has_protected() -> None:
        """As on Wine: its DPAPI goes by the name of the user in the machine's scope too (Wine 8.0, crypt32)."""
        with pytest.raises(LocalFault, match="Another account cannot open the secret: Windows cannot open"):
            step_by(by_somebody_else).run()

    def test_the_selftest_opens_what_comes_back() -> None:
        def by_the_system(folder: Path) -> None:
            by_ourselves(folder)
            said = json.loads((folder / ANSWER).read_text())
            (folder / ANSWER).write_text(json.dumps({**said, "account": "SYSTEM"}))

        assert "this account one of LocalSystem" in step_by(by_the_system).run()

    def test_the_selftest_says_it_if_no_task_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
        with pytest.raises(LocalFault, match="schtasks /Create cannot be run"):
            step_by(run_as_system).run()

    def test_a_plain_master_key_is_taken_over(tmp_path: Path) -> None:
        sealed, plain = Vault.open(tmp_path).seal(b"secret", "purpose"), (tmp_path / FILE).read_bytes()
        opened = Vault.open(tmp_path, [DpapiKeeper()]).unseal(sealed, "purpose")
        assert (opened, plain in (tmp_path / FILE).read_bytes()) == (b"secret", False)

else:

    def test_elsewhere_no_keeper_is_offered(tmp_path: Path) -> None:
        assert list(Plugins.load(PluginContext(tmp_path)).secret_keepers) == []
