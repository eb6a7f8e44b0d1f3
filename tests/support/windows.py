"""A Windows machine for tests: Wine with Windows' own Python and Certify's wheel, on a network of its own.

Every machine has its own copy of the lab's disk, so that several test processes do not meet; the copy shares files
with the lab and costs next to nothing. One process is alive all along, since Wine ends its services with the last one.

    python -m tests.support.windows tests/store -k rotation      runs these tests there
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support import beside
from tests.windows.lab import build
from tests.windows.lab.selection import RECORD

PYTHON = r"C:\Python\python.exe"
COPIED = (
    "tests",
    "plugins",
    "docs",
    "examples",
    "benchmarks",
    "README.md",
    "CHANGELOG.md",
    "Makefile",
    "pyproject.toml",
)
"""What the tests need of the project beside the wheel; the packages themselves are those of the wheel."""
PYTEST = (
    *("-m", "pytest", "-p", "tests.windows.lab.selection", "-p", "no:cacheprovider"),
    *("-q", "--tb=short", "-o", "verbosity_assertions=2", "--ignore=tests/windows/lab"),
    # Each process of Python takes ten seconds to start where the machine is a busy one, and a test may start several.
    *("-o", "timeout=300"),
)


LASTING = """
import ctypes, threading
ctypes.windll.user32.GetDesktopWindow()
print(flush=True)
threading.Event().wait()
"""
"""Stays, and has Wine start its desktop: the first program that needs one gives it its output, which stays open."""
LOOK_SECONDS = 5
OWNER_ALONE = 0o077
"""Wine makes a new file's access list of its mode; so the user's folders are the user's alone, as Windows has them."""


@dataclass(frozen=True)
class Ended:
    """How a Windows process ended."""

    code: int
    output: str
    """What it wrote, standard output and error together."""


class WindowsMachine:
    """A machine that runs while the `with` block does."""

    def __init__(self, folder: Path) -> None:
        self._prefix = folder / "windows"
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PYTEST", "PYTHON", "CERTIFY_"))
            },
            **build.ENVIRONMENT,
            "WINEPREFIX": str(self._prefix),
            # Compiled modules are kept beyond the machine's life: compiling them takes longer than most tests.
            "PYTHONPYCACHEPREFIX": f"Z:{build.CACHE / 'compiled'}",
            "PYTHONUTF8": "1",
        }
        self._alive: subprocess.Popen[bytes] | None = None
        self._beside: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        _copy(build.lab(), self._prefix)
        _install(build.wheel(), self.disk / "Python" / "Lib" / "site-packages")
        _copy_tree(self._tests)
        self._alive = self._boot()
        self._beside = self._run_programs_beside()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["wineserver", "--kill"], env=self._environment, check=False)
        assert self._alive is not None
        self._alive.wait(30)
        assert self._beside is not None
        self._beside.communicate(timeout=30)
        shutil.rmtree(self._prefix, ignore_errors=True)

    @property
    def disk(self) -> Path:
        """Drive C, as this system sees it."""
        return self._prefix / "drive_c"

    @property
    def _tests(self) -> Path:
        """The folder of the tests and of what they need of the project."""
        return self.disk / "certify"

    def python(
        self,
        *arguments: str,
        timeout: float = 60,
        environment: dict[str, str] | None = None,
        hangs: Callable[[], bool] = lambda: False,
    ) -> Ended:
        """Run Windows Python in the folder of the tests and wait.

        Raises:
            AssertionError: it was ended after `timeout` seconds, or when `hangs`, asked every few seconds, said so.
        """
        process = subprocess.Popen(
            self.inside(["wine", PYTHON, *arguments]),
            umask=OWNER_ALONE,
            cwd=self._tests,
            env={**self._environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        deadline, has_ended = time.monotonic() + timeout, False
        while True:
            try:
                output, _ = process.communicate(timeout=LOOK_SECONDS)
                return Ended(process.returncode, output)
            except subprocess.TimeoutExpired as expired:
                said = (expired.output or b"").decode(errors="replace")
            if has_ended:  # at the last look, too: something that it has started lives, and has its output open
                return Ended(process.returncode, said)
            has_ended = process.poll() is not None
            if time.monotonic() > deadline or hangs():
                break
        # pytest-timeout's own report comes first, with every thread's stack; here the process no longer reacts.
        process.kill()
        raise AssertionError(f"{arguments!r} did not end:\n{said[-8000:]}")

    def pytest(self, *arguments: str, timeout: float = 600, hangs: Callable[[], bool] = lambda: False) -> Ended:
        """Run tests of the project on Windows Python, in one process."""
        (self._tests / "arguments.txt").write_text("\n".join(arguments), encoding="utf-8")  # there may be thousands
        return self.python(*PYTEST, "@arguments.txt", timeout=timeout, hangs=hangs)

    def read_record(self) -> str:
        """Return what became of the tests that were run last, as `tests.windows.lab.selection` writes it."""
        record = self._tests / RECORD
        return record.read_text(encoding="utf-8") if record.exists() else ""

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is run in the machine's network."""
        assert self._alive is not None
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--net", *user, f"--target={self._alive.pid}", *command]

    def _run_programs_beside(self) -> subprocess.Popen[str]:
        """Start what runs programs of Linux in the machine's network, and tell the tests where to ask for them."""
        command = self.inside([sys.executable, "-m", "tests.support.beside"])
        process = subprocess.Popen(command, cwd=build.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        self._environment |= {
            beside.PORT: process.stdout.readline().strip(),
            beside.DISK: str(self.disk),
            beside.PYTHON: sys.executable,
        }
        return process

    def _boot(self) -> subprocess.Popen[bytes]:
        """Start the process that keeps the machine and its network alive until it is killed."""
        new_network = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        lasting = ["wine", PYTHON, "-c", LASTING]
        process = subprocess.Popen(
            [*new_network, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *lasting],
            umask=OWNER_ALONE,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        assert process.stdout.readline(), "Windows Python does not start"
        return process


def _copy(lab: Path, prefix: Path) -> None:
    """Copy the lab's disk: files are shared but the registry, which Wine writes in place."""
    shutil.copytree(lab, prefix, symlinks=True, copy_function=_share)


def _share(source: str, target: str) -> None:
    if source.endswith(".reg"):
        shutil.copy2(source, target)
        return
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _install(wheel: Path, site_packages: Path) -> None:
    """Install Certify; its files are as old as the wheel, as Python knows by that which compiled modules it can use."""
    made = wheel.stat().st_mtime
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            os.utime(archive.extract(entry, site_packages), (made, made))


def _copy_tree(target: Path) -> None:
    target.mkdir()
    for name in COPIED:
        source = build.PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, WindowsMachine(Path(made)) as machine:
        ended = machine.pytest(*sys.argv[1:])
    print(ended.output)
    sys.exit(ended.code)
