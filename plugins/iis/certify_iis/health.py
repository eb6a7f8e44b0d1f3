"""Whether the service's account may do what deploying to IIS needs: read and change sites, and keep certificates."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from certify_core.api import DeploymentFailed, Finding, LocalFault, Severity
from certify_iis.administration import IisAdmin
from certify_iis.environment import require_windows

SERVICE = "W3SVC"
STORE = "My"


class Writable(Protocol):
    """Certificate stores that can be tried."""

    def require_write(self, store: str) -> None:
        """Return if certificates may be put into a store; nothing is put.

        Raises:
            DeploymentFailed: Windows refuses.
        """


class AccountRightsCheck:
    """Tries what the target `iis` would do, up to the point where something would change."""

    name = "iis-rights"
    title = "The account's rights for IIS and certificates"

    def __init__(
        self,
        admin: IisAdmin,
        store: Writable,
        *,
        has_iis: Callable[[], bool] | None = None,
        require: Callable[[], None] = require_windows,
    ) -> None:
        """`require` raises `DeploymentFailed` where IIS could not be changed at all."""
        self._admin = admin
        self._store = store
        self._has_iis = has_iis or _is_installed
        self._require = require

    def run(self) -> list[Finding]:
        """Try; without IIS there is nothing that the account would have to be allowed."""
        if not self._has_iis():
            return [Finding("iis-rights", Severity.OK, "There is no IIS on this machine.")]
        try:
            self._require()
            sites = len(self._admin.sites())
        except DeploymentFailed as error:
            return [_lacking("iis-denied", "This account cannot change IIS.", error)]
        try:
            self._store.require_write(STORE)
        except DeploymentFailed as error:
            return [_lacking("store-denied", "This account cannot put certificates into the machine's store.", error)]
        what = "This account may change IIS and the machine's certificates."
        return [Finding("iis-rights", Severity.OK, what, f"It reads {sites} sites.")]

    def fix(self, finding: Finding) -> str:
        """Refuse: to give itself rights is not the service's business."""
        raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)


def _lacking(code: str, what: str, error: DeploymentFailed) -> Finding:
    return Finding(code, Severity.WARNING, what, error.cause, f"It is needed for the target iis alone. {error.remedy}")


def _is_installed() -> bool:
    if sys.platform != "win32":
        return False
    import psutil

    try:
        psutil.win_service_get(SERVICE)
    except (psutil.Error, OSError):
        return False
    return True
