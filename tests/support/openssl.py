"""openssl: the other program that reads what was written, and writes what others do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.beside import as_linux, output_on_linux
from tests.support.processes import installed


def openssl(*arguments: str | Path) -> str:
    """Run it and return all that it says; files are given as paths, and nobody asks how it ended."""
    given = [as_linux(argument) if isinstance(argument, Path) else argument for argument in arguments]
    command = [installed("openssl", "openssl"), *given]
    if os.name == "nt":
        return output_on_linux(*command)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout
