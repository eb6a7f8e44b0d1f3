"""Says in plain words what the operating system refused."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certify_core.api import DeploymentFailed, FileHeld

_REMEDIES = {
    errno.ENOSPC: "Free some space there.",
    errno.EDQUOT: "Free some space there, or raise the quota.",
    errno.EROFS: "Mount it for writing, or choose another folder.",
    errno.EACCES: "Give the user that the service runs as the right to it, or choose another folder.",
    errno.EPERM: "Run the service as root, or leave owner empty and let all files there belong to the service's user.",
    errno.EBUSY: "Mount the folder into the container rather than its single files.",
    errno.ENOTDIR: "Give the parameter dir the path of a folder.",
}
_LET_GO = "Find the program that holds it, such as a virus scanner or a backup, and have it leave this folder alone."
_REMEDY = "See that the folder can be written."


@contextmanager
def refusals_of(action: str, path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into a `DeploymentFailed`: cannot `action` `path`."""
    try:
        yield
    except OSError as error:
        where = error.filename2 or path  # the file that a rename was to replace
        why = error.strerror or type(error).__name__
        remedy = _LET_GO if isinstance(error, FileHeld) else _REMEDIES.get(error.errno or 0, _REMEDY)
        raise DeploymentFailed(f"Cannot {action} {where}: {why}.", remedy) from error
