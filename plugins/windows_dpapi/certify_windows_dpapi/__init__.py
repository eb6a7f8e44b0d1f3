"""The keeper of the master key on Windows: DPAPI, for the machine rather than one account. Elsewhere there is none."""

from __future__ import annotations

import sys

from certify_core.api import hookimpl
from certify_windows_dpapi.keeper import DpapiKeeper


@hookimpl
def certify_secret_keepers() -> list[DpapiKeeper]:
    """Offer the keeper where there is DPAPI."""
    return [DpapiKeeper()] if sys.platform == "win32" else []
