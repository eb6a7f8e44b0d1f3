"""Small real disks, mounted for a test (this needs root), and filled to the last byte."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.service import Answer, Service


@contextlib.contextmanager
def mounted(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Make a folder that is a disk of its own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


def first_refusal(service: Service) -> Answer:
    """Store credentials until one is refused: what still has room in the files that there are is taken."""
    for number in range(1000):
        credential = {"id": f"c{number}", "provider": "files", "parameters": {"pfx_password": "x" * 10_000}}
        answer = service.call("POST", "/api/credentials", credential)
        if answer.status != 201:
            return answer
    raise AssertionError("a full disk took everything")
