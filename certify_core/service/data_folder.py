"""The data folder: without one that takes a file there is no service; with a full disk there is one that waits."""

from __future__ import annotations

import errno
from pathlib import Path

from certify_core.errors import LocalFault

_FULL = {errno.ENOSPC, errno.EDQUOT}


def usable(data_dir: Path) -> Path:
    """Return the folder, made if it was not there and found to take a file, or to do so as soon as there is room.

    Raises:
        LocalFault: it cannot be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _probe(data_dir)
    except OSError as error:
        if error.errno not in _FULL or not data_dir.is_dir():
            raise _fault(data_dir, error) from error
    return data_dir.resolve()


def full(data_dir: Path) -> LocalFault | None:
    """Return that there is no room for a file, if there is none."""
    try:
        _probe(data_dir)
    except OSError as error:
        return _fault(data_dir, error)
    return None


def _probe(data_dir: Path) -> None:
    probe = data_dir / ".write-check"
    try:
        probe.write_bytes(b"certify")
    finally:
        probe.unlink(missing_ok=True)


def _fault(data_dir: Path, error: OSError) -> LocalFault:
    return LocalFault(
        f"The data folder {data_dir} cannot be written: {error.strerror or error}.",
        "Make room, mend its permissions, run the service as its owner, or choose another with --data-dir.",
    )
