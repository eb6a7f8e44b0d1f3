"""The Pebble of Debian sid, which knows renewal information (RFC 9773): unpacked beside the system, not installed.

These are programs in Go that need nothing but a C library, so they run on Debian 12. apt fetches the package with lists
of its own and checks its signatures; the system's apt is left as it is. What was unpacked is kept in the user's cache.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.beside import PYTHON, run_on_linux

SUITES = ("sid", "trixie")
"""Where to look, in this order."""
MINUTES = 4


def newer_programs() -> tuple[str, str]:
    """Return the paths of pebble and of its DNS server; without them the test fails, as a skip proves nothing."""
    if os.name == "nt":
        pebble, dns = run_on_linux(os.environ[PYTHON], "-m", __name__).splitlines()[-2:]
        return pebble, dns
    folder = _cache() / "certify-tests" / "pebble-newer"
    folder.mkdir(parents=True, exist_ok=True)
    unpacked = folder / "unpacked"
    with FileLock(folder / "lock"):
        if not unpacked.exists():
            _unpack(folder, unpacked)
    return str(unpacked / "usr/bin/pebble"), str(unpacked / "usr/bin/pebble-challtestsrv")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _unpack(folder: Path, unpacked: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary)
        package = _downloaded(work)
        _run(work, "dpkg-deb", "-x", str(package), str(work / "root"))
        (work / "root").rename(unpacked)


def _downloaded(work: Path) -> Path:
    options = _own_apt(work)
    _run(work, "apt-get", *options, "update")
    for suite in SUITES:
        command = ["apt-get", *options, "download", f"pebble/{suite}"]
        fetched = subprocess.run(command, cwd=work, capture_output=True, check=False)
        if fetched.returncode == 0:
            return next(work.glob("pebble_*.deb"))
    pytest.fail(f"No Pebble in Debian {' or '.join(SUITES)}: {fetched.stderr.decode()}", pytrace=False)


def _own_apt(work: Path) -> list[str]:
    """Return the options of an apt with sources, lists and cache of its own."""
    for place in ("lists/partial", "cache/archives/partial"):
        (work / place).mkdir(parents=True)
    mirrors = _run(work, "apt-get", "indextargets", "--format", "$(REPO_URI)").split()
    mirror = next((url for url in mirrors if url.rstrip("/").endswith("/debian")), "http://deb.debian.org/debian")
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    sources = work / "sources.list"
    sources.write_text("".join(f"deb [signed-by={keyring}] {mirror} {suite} main\n" for suite in SUITES))
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _run(work: Path, *command: str) -> str:
    try:
        return subprocess.run(
            command, cwd=work, capture_output=True, text=True, check=True, timeout=MINUTES * 60
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "stderr", None) or error
        pytest.fail(f"A newer Pebble is needed, from Debian by apt: {why}", pytrace=False)


if __name__ == "__main__":
    print(*newer_programs(), sep="\n")
