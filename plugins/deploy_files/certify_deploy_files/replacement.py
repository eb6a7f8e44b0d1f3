"""Replaces several files of one folder together: all of them, or none.

Everything that can run out of space or be refused is done first: the new files, and copies of the ones they replace,
are written beside them and flushed. Then follow only renames, back to back; if one is refused, the copies are renamed
back. A process that dies between two renames leaves a mixed set, which the next call completes. The temporary names
are fixed (``.privkey.pem.certify-new``, ``-old``), so that what a dead process left behind is found by its name.

`OSError` passes through. Callers see to it that one folder is changed by one thread at a time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from certify_core.api import DeploymentFailed, read_file, remove_file, replace_file, sync_folder
from certify_deploy_files.owner import Owner

HAS_POSIX_RIGHTS = hasattr(os, "chown")


@dataclass(frozen=True, slots=True)
class FileState:
    """A file: what is in it, who owns it and who may read it."""

    content: bytes = field(repr=False)
    mode: int
    owner: Owner | None
    """None: whoever writes it."""


def read_state(path: Path) -> FileState | None:
    """Return the file at `path`, None if there is nothing.

    Raises:
        DeploymentFailed: there is something else than a file. A link is neither followed (what is behind it belongs to
            somebody else) nor replaced (somebody has put it there on purpose).
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(facts.st_mode) else "not a file"
        raise DeploymentFailed(f"{path} is {kind}.", "Remove it, or give the file another name or folder.")
    owner = (facts.st_uid, facts.st_gid) if HAS_POSIX_RIGHTS else None
    return FileState(read_file(path), stat.S_IMODE(facts.st_mode), owner)


def replace_files(changes: Mapping[Path, FileState | None]) -> dict[Path, FileState | None]:
    """Make each file of one folder what `changes` says (None: gone); return what was there before.

    Raises:
        DeploymentFailed: there is something else than a file.
    """
    previous = {path: read_state(path) for path in changes}
    sweep(changes)
    try:
        for path, wanted in changes.items():
            _stage(_old(path), previous[path])
            _stage(_new(path), wanted)
        _swap(changes, previous)
    finally:
        with suppress(OSError):  # the next call sweeps again
            sweep(changes)
    return previous


def sweep(paths: Iterable[Path]) -> None:
    """Remove the temporary files that belong to `paths`."""
    for path in paths:
        remove_file(_new(path))
        remove_file(_old(path))


def _new(path: Path) -> Path:
    return path.with_name(f".{path.name}.certify-new")


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.certify-old")


def _swap(changes: Mapping[Path, FileState | None], previous: Mapping[Path, FileState | None]) -> None:
    done: list[Path] = []
    try:
        for path, wanted in changes.items():
            _put(path, _new(path), wanted)
            done.append(path)
        for folder in {path.parent for path in changes}:
            sync_folder(folder)
    except BaseException:
        for path in reversed(done):
            _put(path, _old(path), previous[path])
        raise


def _put(path: Path, staged: Path, state: FileState | None) -> None:
    if state is None:
        remove_file(path)
    else:
        replace_file(staged, path)


def _stage(path: Path, state: FileState | None) -> None:
    if state is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if HAS_POSIX_RIGHTS:
            _give(descriptor, state)
        file.write(state.content)
        file.flush()
        os.fsync(descriptor)


def _give(descriptor: int, state: FileState) -> None:
    facts = os.fstat(descriptor)
    if state.owner is not None and state.owner != (facts.st_uid, facts.st_gid):
        os.fchown(descriptor, *state.owner)
    os.fchmod(descriptor, state.mode)
