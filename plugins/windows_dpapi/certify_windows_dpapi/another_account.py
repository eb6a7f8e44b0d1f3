"""What the selftest has another account of the machine do: open what was protected, and protect it itself.

python -m certify_windows_dpapi.another_account FOLDER
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from certify_core.api import CertifyError, LocalFault
from certify_windows_dpapi.keeper import DpapiKeeper, module

QUESTION, ANSWER = "question.json", "answer.json"
SECONDS = 60.0
"""A task that has not answered by then has not been run."""
_POLL = 0.2


def account() -> str:
    """Return the name of the account as which this process runs; not the environment's, which is inherited."""
    return str(module("win32api").GetUserName())


def answer(folder: Path, keeper: DpapiKeeper) -> None:
    """Open the question's secret and protect it again, as whoever this process is."""
    try:
        secret = keeper.unprotect(bytes.fromhex(json.loads((folder / QUESTION).read_text())))
        said = {"account": account(), "protected": keeper.protect(secret).hex()}
    except CertifyError as error:
        said = {"account": account(), "fault": str(error)}
    # Renamed, so that nobody reads half of it.
    (folder / "answer").write_text(json.dumps(said))
    (folder / "answer").replace(folder / ANSWER)


def run_as_system(folder: Path) -> None:
    """Have LocalSystem answer, by a task that is made for it and gone afterwards; return when it has.

    Raises:
        LocalFault: Windows refuses, or the task is not run.
    """
    task = f"Certify.SelfTest.{secrets.token_hex(4)}"
    command = f'"{sys.executable}" -m certify_windows_dpapi.another_account "{folder}"'
    _schtasks("/Create", "/F", "/TN", task, "/RU", "SYSTEM", "/SC", "ONCE", "/ST", "00:00", "/TR", command)
    try:
        _schtasks("/Run", "/TN", task)
        deadline = time.monotonic() + SECONDS
        while not (folder / ANSWER).exists():
            if time.monotonic() > deadline:
                raise LocalFault(
                    f"A task of LocalSystem was not run within {SECONDS:.0f} s.", "Is the Task Scheduler running?"
                )
            time.sleep(_POLL)
    finally:
        _schtasks("/Delete", "/F", "/TN", task)


def _schtasks(*arguments: str) -> None:
    program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "schtasks.exe")
    try:
        ended = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalFault(f"schtasks {arguments[0]} cannot be run: {error}.", "Run this as administrator.") from error
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip() or f"exit code {ended.returncode}"
        raise LocalFault(f"schtasks {arguments[0]}: {said.rstrip('.')}.", "Run this as administrator.")


if __name__ == "__main__":
    answer(Path(sys.argv[1]), DpapiKeeper())
