"""openssl: the other program that reads what was written, and writes what others do."""

from __future__ import annotations

from pathlib import Path

from tests.support.beside import run_on_linux
from tests.support.processes import installed


def openssl(*arguments: str | Path) -> str:
    """Run it and return all that it says; nobody asks how it ended."""
    return run_on_linux(installed("openssl", "openssl"), *arguments, check=False)
