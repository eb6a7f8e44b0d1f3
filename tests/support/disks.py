"""Small real disks, mounted for a test (this needs root), and filled to the last byte.

Linux mounts them for a test on Windows Python, too, which sees them where its own disk is.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.beside import run_on_linux
from tests.support.processes import installed
from tests.support.service import Answer, Service

READ_ONLY = ("Permission denied", "Access denied") if os.name == "nt" else ("Read-only file system",)
"""What is said of a file on a disk that may not be written: Windows under Wine has no words of its own for it."""


@contextlib.contextmanager
def mounted(folder: Path, *, megabytes: float) -> Iterator[Path]:
    """Make a folder that is a disk of its own."""
    folder.mkdir()
    run_on_linux("mount", "-t", "tmpfs", "-o", f"size={int(megabytes * 1024)}k", "tmpfs", folder)
    try:
        yield folder
    finally:
        run_on_linux("umount", "--lazy", folder)  # who had a file open there may need a moment to end


def make_read_only(disk: Path) -> None:
    """Mount a disk read-only while nobody has anything open on it for writing: Linux refuses it otherwise (EBUSY)."""
    run_on_linux("mount", "-o", "remount,ro", disk)


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


def names_read_only(said: str) -> bool:
    """Return whether a refusal says that a disk is read-only."""
    return any(words in said for words in READ_ONLY)


@contextlib.contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Make a disk read-only for a while, as `make_read_only` does."""
    make_read_only(disk)
    yield
    run_on_linux("mount", "-o", "remount,rw", disk)


@contextlib.contextmanager
def covered(folder: Path) -> Iterator[None]:
    """Make a folder read-only under whoever uses it: by a mount on top of it, which what is open does not notice."""
    run_on_linux("mount", "--bind", folder, folder)
    run_on_linux("mount", "-o", "remount,bind,ro", folder)
    try:
        yield
        run_on_linux("mount", "-o", "remount,bind,rw", folder)
    finally:
        run_on_linux("umount", "--lazy", folder)


class FailingDisk:
    """A disk with a real file system, on which the kernel can be made to find an error: it is read-only from then on.

    It cannot be mounted for writing again until it is unmounted and checked, as with a disk that is really damaged.
    """

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        self._image = folder.with_name(f"{folder.name}.ext4")
        with self._image.open("wb") as image:
            image.truncate(megabytes << 20)
        mkfs = installed("mkfs.ext4", "e2fsprogs")
        run_on_linux(mkfs, "-q", "-F", "-E", "lazy_itable_init=0", self._image)
        folder.mkdir()
        self.mount()

    def mount(self) -> None:
        """Mount it as administrators do: with the first error it becomes read-only."""
        run_on_linux("mount", "-o", "loop,errors=remount-ro", self._image, self.folder)

    def unmount(self) -> None:
        """Unmount it; refused while anything on it is open."""
        run_on_linux("umount", self.folder)

    def fail(self) -> None:
        """Have the kernel find an error."""
        device = Path(run_on_linux("findmnt", "-n", "-o", "SOURCE", self.folder).strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("found by a test")

    def repair(self) -> None:
        """Unmount, check and mount it."""
        self.unmount()
        # 1: errors were corrected (e2fsck(8)).
        assert subprocess.run(["e2fsck", "-f", "-y", str(self._image)], capture_output=True, check=False).returncode < 2
        self.mount()


@contextlib.contextmanager
def failing(folder: Path, *, megabytes: int) -> Iterator[FailingDisk]:
    """Make a folder that is a disk of its own, which fails when it is told to."""
    if not Path("/dev/loop-control").exists():
        pytest.skip("no disk can be made to fail here: there are no loop devices")
    disk = FailingDisk(folder, megabytes=megabytes)
    try:
        yield disk
    finally:
        disk.unmount()
