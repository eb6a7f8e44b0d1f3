"""The backend over COM keeps the contract; a COM server of ours stands for IIS, so that marshalling is real."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

from certify_core.api import DeploymentFailed
from certify_iis.com import ComAdmin
from tests.plugins.iis.admin_contract import ADD, REBIND, IisAdminContract
from tests.plugins.iis.sites import NEW

if sys.platform == "win32":

    class TestCom(IisAdminContract):
        """IIS's administration API, played by the double."""

        @pytest.fixture
        def iis(self) -> Any:
            return importlib.import_module("tests.plugins.iis.com_double").DoubledIis()

        def test_while_the_web_service_is_stopped_sites_are_as_they_will_start(self, iis: Any) -> None:
            iis.stop_the_web_service()
            assert [site.started for site in iis.sites()] == [True, True]

        def test_a_locked_configuration_is_told_with_the_remedy(self, iis: Any) -> None:
            iis.locked = True
            with pytest.raises(DeploymentFailed) as failed:
                iis.apply([ADD], iis.version())
            assert "Unlock system.applicationHost/sites" in failed.value.remedy

        def test_a_certificate_that_is_not_in_the_store_is_told_with_the_binding(self, iis: Any) -> None:
            iis.refused = NEW.thumbprint
            with pytest.raises(DeploymentFailed, match=r"\*:443:app.test of Site 1: the certificate is not in"):
                iis.apply([REBIND], iis.version())

    def test_a_machine_without_iis_is_told_to_install_it() -> None:
        with pytest.raises(DeploymentFailed, match="IIS is not installed") as failed:
            ComAdmin().sites()
        assert "Web Server" in failed.value.remedy

else:

    def test_a_system_without_pywin32_is_told_so() -> None:
        with pytest.raises(DeploymentFailed, match="pywin32"):
            ComAdmin().sites()
