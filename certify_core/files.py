"""Durable file writes: a reader sees the old content or the new, never half of it, also after a power cut.

Temporary file beside the target, fsync, rename, fsync of the folder. The operating system's own refusals
(`OSError`: disk full, no permission) pass through; the temporary file is removed first.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

PRIVATE = 0o600


def write_atomically(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace `path` by `content`, with permission bits `mode`."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        _write_new(temporary, content, mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_folder_atomically(folder: Path, files: Mapping[str, bytes], *, mode: int = PRIVATE) -> None:
    """Make a new `folder` that holds exactly `files`, all at once.

    Raises:
        FileExistsError: the folder exists and is not empty.
    """
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
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


def remove_leftovers(path: Path) -> None:
    """Remove what an interrupted write of `path` left beside it; nobody may be writing it meanwhile."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.????????.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


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
        source.rename(target)
    except OSError as error:
        # POSIX lets a system choose between the two; Python calls only one of them FileExistsError.
        if error.errno != errno.ENOTEMPTY:
            raise
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)  # the process's umask has had its say in os.open
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
