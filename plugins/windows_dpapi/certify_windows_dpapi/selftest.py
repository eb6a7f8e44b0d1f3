"""Tries DPAPI on a real machine: what is protected opens again, and not when it is damaged."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence

from certify_core.api import LocalFault, SelfTestStep
from certify_windows_dpapi.keeper import DpapiKeeper


class DpapiSelfTest:
    """One step, which leaves nothing behind."""

    name = "windows-dpapi"
    title = "Windows Data Protection API"
    suite = "windows"

    def __init__(self) -> None:
        self._keeper = DpapiKeeper()

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return sys.platform == "win32"

    def steps(self) -> Sequence[SelfTestStep]:
        """Return the step."""
        return [SelfTestStep("dpapi", "A made-up secret is protected by DPAPI and opened again", self._round_trip)]

    def _round_trip(self) -> str:
        secret = secrets.token_bytes(32)
        protected = self._keeper.protect(secret)
        if self._keeper.unprotect(protected) != secret:
            raise LocalFault("What DPAPI gives back is another secret.", "Send the report in.")
        try:
            self._keeper.unprotect(protected[:-1] + bytes([protected[-1] ^ 1]))
        except LocalFault:
            return "A secret was protected and opened again; a damaged one was refused."
        raise LocalFault("DPAPI opens what is damaged.", "Send the report in.")
