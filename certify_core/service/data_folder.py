"""The data folder: without one that takes a file there is no service, or one that waits for what can pass by itself."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable
from pathlib import Path

from certify_core.contracts import FolderKeeper
from certify_core.errors import LocalFault, failure_of
from certify_core.files import refusal
from certify_core.service.token import TOKEN_FILE

_log = logging.getLogger(__name__)
_FULL = {errno.ENOSPC, errno.EDQUOT}


def usable(data_dir: Path) -> Path:
    """Return the folder, made if it was not there and found to take a file, or one whose disk is waited for.

    That is a full one, and one that is read-only, if the folder has a token: without one nobody could ask the service
    why it does nothing.

    Raises:
        LocalFault: it cannot be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (error := refusal(data_dir)) is not None and not _can_be_waited_for(data_dir, error):
            raise error
    except OSError as error:
        raise _fault(data_dir, error) from error
    return data_dir.resolve()


def close_to_others(data_dir: Path, keepers: Iterable[FolderKeeper]) -> None:
    """Have a folder that was just made closed; the service works also in one that cannot be, and health says it."""
    for keeper in keepers:
        try:
            keeper.close(data_dir)
        except Exception as error:
            _log.warning("The data folder stays open to others: %s", failure_of(error))


def unwritable(data_dir: Path) -> LocalFault | None:
    """Return why the folder takes no file now; None if it does."""
    error = refusal(data_dir)
    return None if error is None else _fault(data_dir, error)


def _can_be_waited_for(data_dir: Path, error: OSError) -> bool:
    if error.errno in _FULL:
        return True
    return error.errno == errno.EROFS and (data_dir / TOKEN_FILE).is_file()


def _fault(data_dir: Path, error: OSError) -> LocalFault:
    remedy = (
        "Find out why the file system is read-only (dmesg), and mount it for writing, or choose another folder with "
        "--data-dir."
        if error.errno == errno.EROFS
        else "Make room, mend its permissions, run the service as its owner, or choose another with --data-dir."
    )
    return LocalFault(f"The data folder {data_dir} cannot be written: {error.strerror or error}.", remedy)
