"""The whole target on a Windows Python: the real certificate store, and the COM double in place of IIS.

The double has no http.sys, so nothing can be asked by handshake: `verify=false`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis.ledger import Ledger
from certify_iis.parameters import IisParameters
from certify_iis.target import IisTarget
from certify_iis.windows_store import WindowsStore
from tests.plugins.iis.sites import FOREIGN, http, https, shown_by, site
from tests.support.certificates import CertificateAuthority, rsa_key

PARAMETERS = IisParameters(verify=False)


if sys.platform == "win32":

    @pytest.fixture(scope="module")
    def issue() -> Callable[[], CertificateBundle]:
        authority = CertificateAuthority()
        return lambda: authority.issue("app.test", key=rsa_key())

    @pytest.fixture
    def iis() -> Any:
        doubled = importlib.import_module("tests.plugins.iis.com_double").DoubledIis()
        doubled.set_sites(site(http("*:80:app.test")), site(https("*:443:other.test", 1, FOREIGN), number=2))
        return doubled

    @pytest.fixture
    def store() -> WindowsStore:
        # Wine forgets that an imported key is the machine's, and finds it only if it is the user's.
        return WindowsStore(machine_keys=False)

    @pytest.fixture
    def target(iis: Any, store: WindowsStore, tmp_path: Path) -> IisTarget:
        return IisTarget(Ledger(tmp_path / "iis" / "deployed.json"), iis, store, pause=lambda _: None)

    def test_a_certificate_is_imported_bound_renewed_and_put_back(
        target: IisTarget, iis: Any, store: WindowsStore, issue: Callable[[], CertificateBundle]
    ) -> None:
        first, second = issue(), issue()
        seen = []
        target.apply(first, PARAMETERS)
        seen.append(shown_by(iis.sites()))
        undo = target.apply(second, PARAMETERS)
        seen.append(shown_by(iis.sites()))
        undo()
        seen.append(shown_by(iis.sites()))
        other = {"*:443:other.test": FOREIGN.thumbprint}
        expected = [{"*:443:app.test": one.thumbprint, **other} for one in (first, second, first)]
        assert (seen, store.find(first.thumbprint, "My") is not None) == (expected, True)

    def test_what_is_in_place_is_verified_and_planned_as_unchanged(
        target: IisTarget, issue: Callable[[], CertificateBundle]
    ) -> None:
        bundle = issue()
        target.apply(bundle, PARAMETERS)
        target.verify(bundle, PARAMETERS)
        assert {change.detail for change in target.plan(bundle, PARAMETERS)} == {"unchanged"}

    def test_a_certificate_that_http_sys_refuses_is_bound_nowhere(
        target: IisTarget, iis: Any, issue: Callable[[], CertificateBundle]
    ) -> None:
        bundle, before = issue(), iis.version()
        iis.refused = bundle.thumbprint
        with pytest.raises(DeploymentFailed, match="What was there before is back"):
            target.apply(bundle, PARAMETERS)
        assert iis.version() == before
