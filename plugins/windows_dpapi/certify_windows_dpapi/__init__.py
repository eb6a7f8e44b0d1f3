"""The keeper of the master key on Windows: DPAPI, for the machine rather than one account. Elsewhere there is none."""

from __future__ import annotations

import sys

from certify_core.api import SelfTest, hookimpl
from certify_windows_dpapi.keeper import DpapiKeeper
from certify_windows_dpapi.selftest import DpapiSelfTest


@hookimpl
def certify_secret_keepers() -> list[DpapiKeeper]:
    """Offer the keeper where there is DPAPI."""
    return [DpapiKeeper()] if sys.platform == "win32" else []


@hookimpl
def certify_selftests() -> list[SelfTest]:
    """Offer what it is tried with on a real machine."""
    return [DpapiSelfTest()]
