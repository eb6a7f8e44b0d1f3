"""Whether the service's account may change IIS and the machine's certificates is found before a deployment needs it."""

from __future__ import annotations

import pytest

from certify_core.api import DeploymentFailed, Finding, LocalFault, Severity
from certify_core.testing.health_check import HealthCheckContract
from certify_iis.bindings import Site
from certify_iis.health import AccountRightsCheck
from tests.plugins.iis.memory_iis import MemoryIis

DENIED = DeploymentFailed("Windows refused.", "Ask an administrator.")


class Store:
    """Takes certificates unless it is `closed`."""

    def __init__(self, *, closed: bool = False) -> None:
        self._closed = closed

    def require_write(self, store: str) -> None:
        """Refuse if it is closed."""
        if self._closed:
            raise DENIED


class ClosedIis(MemoryIis):
    """Shows nothing."""

    def sites(self) -> list[Site]:
        """Refuse."""
        raise DENIED


def deny() -> None:
    """Say that this account may do nothing."""
    raise DENIED


def found(iis: MemoryIis | None = None, *, closed: bool = False, here: bool = True, elevated: bool = True) -> Finding:
    """Return the only finding."""
    admin = iis or MemoryIis(Site(1, "Default", ()))
    require = (lambda: None) if elevated else deny
    (finding,) = AccountRightsCheck(admin, Store(closed=closed), has_iis=lambda: here, require=require).run()
    return finding


class TestContract(HealthCheckContract):
    @pytest.fixture
    def check(self) -> AccountRightsCheck:
        return AccountRightsCheck(MemoryIis(), Store(), has_iis=lambda: True, require=lambda: None)


def test_an_account_that_may_all_is_well() -> None:
    assert (found().severity, found().evidence) == (Severity.OK, "It reads 1 sites.")


def test_without_iis_there_is_nothing_to_be_allowed() -> None:
    assert found(ClosedIis(), closed=True, here=False, elevated=False).severity is Severity.OK


def test_an_account_that_is_no_administrator_is_said() -> None:
    lacking = found(elevated=False)
    assert (lacking.code, lacking.severity, lacking.evidence) == ("iis-denied", Severity.WARNING, DENIED.cause)


def test_an_iis_that_does_not_show_its_sites_is_said() -> None:
    assert found(ClosedIis()).code == "iis-denied"


def test_a_store_that_takes_no_certificate_is_said() -> None:
    lacking = found(closed=True)
    assert (lacking.code, DENIED.remedy in lacking.remedy) == ("store-denied", True)


def test_rights_are_not_given_by_the_service_itself() -> None:
    with pytest.raises(LocalFault):
        AccountRightsCheck(MemoryIis(), Store()).fix(found(closed=True))
