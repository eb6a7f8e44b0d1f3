"""Durable file writes: a reader sees the old content or the new, never half of it, also after a power cut.

Temporary file beside the target, fsync, rename, fsync of the folder. The operating system's own refusals
(`OSError`: disk full, no permission) pass through; the temporary file is removed first.

Some systems let a process keep a file that it has open from all others: nobody can rename or remove it, perhaps not
even read it. A virus scanner or a backup program mostly lets go of it soon: so this is tried again for `PATIENCE`
seconds in all, and then told as what it is.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

PRIVATE = 0o600
PATIENCE = 3.0
"""Seconds for which a file that somebody holds open is waited for."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.25
_SHARING_VIOLATION = 32
_HELD = {None, 5, _SHARING_VIOLATION, 33}
"""What `winerror` is for a file that may be held: nothing where it was opened through the C library,
ERROR_ACCESS_DENIED for the target of a rename, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""
_VANISHING = getattr(os, "O_TEMPORARY", 0)
"""Has the system remove a file that is closed; elsewhere a file needs no name while it is open."""

T = TypeVar("T")


class FileHeld(PermissionError):
    """Another process has a file open and keeps it from us."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EACCES, "another process holds it open", str(path))


def refusal(folder: Path) -> OSError | None:
    """Return what the system says to a file in `folder` that is to be on the disk; None if it takes it."""
    probe = _temporary(folder / "probe")
    try:
        # Not by `tempfile`: refused on Windows, it tries ten thousand names (https://github.com/python/cpython/issues/66305).
        with _new_file(probe, PRIVATE, _VANISHING) as file:
            if not _VANISHING:
                probe.unlink()
            file.write(b"certify")
    except OSError as error:
        return error
    return None


def write_atomically(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace `path` by `content`, with permission bits `mode`."""
    with writing_atomically(path, mode=mode) as file:
        file.write(content)


@contextmanager
def writing_atomically(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Give a file to write and read that replaces `path` when the block ends; if it fails, all is as it was."""
    temporary = _temporary(path)
    try:
        with _new_file(temporary, mode) as file:
            yield file
        replace_file(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what matters
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_folder_atomically(folder: Path, files: Mapping[str, bytes], *, mode: int = PRIVATE) -> None:
    """Make a new `folder` that holds exactly `files`, all at once.

    Raises:
        FileExistsError: the folder exists and is not empty.
    """
    temporary = _temporary(folder)
    temporary.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            _write_new(temporary / name, content, mode)
        sync_folder(temporary)
        _rename_folder(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder.parent)


def read_file(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        OSError: the system refuses; `FileHeld` if another process kept the file from us for `PATIENCE` seconds.
    """
    return _patiently(path.read_bytes, path)


def replace_file(source: Path, target: Path) -> None:
    """Give the file `source` the name `target`, in place of the file that had it.

    Raises:
        OSError: the system refuses; `FileHeld` if another process held one of them for `PATIENCE` seconds.
    """
    _patiently(partial(source.replace, target), target)


def remove_file(path: Path) -> None:
    """Remove a file if it is there.

    Raises:
        OSError: as `replace_file` does.
    """
    _patiently(partial(path.unlink, missing_ok=True), path)


def remove_leftovers(path: Path) -> None:
    """Remove what an interrupted write of `path` left beside it; nobody may be writing it meanwhile."""
    # Compared and not globbed: a pattern for every name would be compiled anew every time.
    for leftover in path.parent.iterdir():
        if not _is_temporary(leftover.name, path.name):
            continue
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used, so that nothing in it is lost; return its new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the system lets a folder be opened (elsewhere the rename itself is)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_folder(source: Path, target: Path) -> None:
    try:
        _patiently(partial(source.rename, target), source)
    except OSError as error:
        # POSIX lets a system choose between the two; Python calls only one of them FileExistsError.
        if error.errno != errno.ENOTEMPTY:
            raise
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error


def _patiently(act: Callable[[], T], path: Path) -> T:
    """Do what nobody may do to `path` while it is held open, at the latest when `PATIENCE` is over."""
    deadline, pause = time.monotonic() + PATIENCE, _FIRST_PAUSE
    while True:
        try:
            return act()
        except PermissionError as error:
            if getattr(error, "winerror", "another system") not in _HELD:
                raise
            if time.monotonic() >= deadline:
                raise _named(error, path) from error
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _named(error: PermissionError, path: Path) -> PermissionError:
    """Return the refusal as that of a held file, if it is one: a rename to its own name is refused for nothing else."""
    try:
        path.rename(path)
    except PermissionError as refusal:
        if getattr(refusal, "winerror", None) == _SHARING_VIOLATION:
            return FileHeld(path)
    except OSError:
        pass  # it is gone, or something else is the matter: what was said first stands
    return error


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


def _is_temporary(name: str, of: str) -> bool:
    return name.startswith(f".{of}.") and name.endswith(".tmp") and len(name) == len(f".{of}.01234567.tmp")


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with _new_file(path, mode) as file:
        file.write(content)


@contextmanager
def _new_file(path: Path, mode: int, flags: int = 0) -> Iterator[BinaryIO]:
    """Give a new file; what was written is on the disk when the block ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | flags, mode)
    with os.fdopen(descriptor, "w+b") as file:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)  # the process's umask has had its say in os.open
        yield file
        file.flush()
        os.fsync(file.fileno())
