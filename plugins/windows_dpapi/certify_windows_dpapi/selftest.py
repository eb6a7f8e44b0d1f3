"""Tries DPAPI on a real machine: what is protected opens again, for another account too, and not when it is damaged."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from certify_core.api import LocalFault, SelfTestStep
from certify_windows_dpapi.another_account import ANSWER, QUESTION, account, run_as_system
from certify_windows_dpapi.keeper import DpapiKeeper


class DpapiSelfTest:
    """Two steps, which leave nothing behind."""

    name = "windows-dpapi"
    title = "Windows Data Protection API"
    suite = "windows"

    def __init__(self, run_as_another: Callable[[Path], None] = run_as_system) -> None:
        """`run_as_another` has another account answer what is asked in a folder."""
        self._keeper = DpapiKeeper()
        self._run_as_another = run_as_another

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return sys.platform == "win32"

    def steps(self) -> Sequence[SelfTestStep]:
        """Return the steps."""
        return [
            SelfTestStep("dpapi", "A made-up secret is protected by DPAPI and opened again", self._round_trip),
            SelfTestStep(
                "dpapi-account",
                "Another account, LocalSystem, opens a made-up secret of this one, and this one its, by a task that is "
                "made for it",
                self._by_another_account,
                changes=True,
            ),
        ]

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

    def _by_another_account(self) -> str:
        secret, folder = secrets.token_bytes(32), Path(tempfile.mkdtemp(prefix="certify-selftest-"))
        try:
            (folder / QUESTION).write_text(json.dumps(self._keeper.protect(secret).hex()))
            self._run_as_another(folder)
            said = json.loads((folder / ANSWER).read_text())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if fault := said.get("fault"):
            raise LocalFault(f"Another account cannot open the secret: {fault}", "Send the report in.")
        if said["account"] == account():
            raise LocalFault("The task ran as the same account.", "Run the selftest as administrator.")
        if self._keeper.unprotect(bytes.fromhex(said["protected"])) != secret:
            raise LocalFault("What the other account has protected is another secret.", "Send the report in.")
        return "LocalSystem opened a secret of this account, and this account one of LocalSystem."
