"""Programs that run beside a test: started with a log, awaited, and stopped for certain.

For a test on Windows Python they run on the Linux around its machine (`tests.support.beside`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.beside import ProgramBeside

_POLL_SECONDS = 0.02


class ProgramEnded(Exception):
    """The program ended before it was ready; the text is what it logged."""


def installed(program: str, package: str) -> str:
    """Return the path of a program; without it the test fails, as a skipped test proves nothing."""
    if os.name == "nt":
        return program
    path = shutil.which(program, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if path is None:
        pytest.fail(f"{program} is not installed. Install the Debian package {package}.", pytrace=False)
    return path


class Program:
    """A running program."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | ProgramBeside
        if os.name == "nt":
            own = {name: value for name, value in (environment or {}).items() if os.environ.get(name) != value}
            self._process = ProgramBeside(command, log, own)
            return
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment) if environment is not None else None,
            )

    def wait_until(self, ready: Callable[[], bool], *, within: float = 20.0) -> None:
        """Return when `ready` does; raise ProgramEnded if the program ends first, TimeoutError if it takes too long."""
        deadline = time.monotonic() + within
        pause = threading.Event()
        while not ready():
            if self._process.poll() is not None:
                raise ProgramEnded(self.log())
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._process.args!r} is not ready after {within} s:\n{self.log()}")
            pause.wait(_POLL_SECONDS)

    def log(self) -> str:
        """Return the end of what it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def stop(self) -> None:
        """End it, gently first."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
