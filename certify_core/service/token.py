"""The token that opens the API: kept in the data folder, readable by its owner alone.

What is in its place and can be no token is set aside, and a new one is made: nobody could have used it.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from certify_core.errors import LocalFault
from certify_core.files import read_file, set_aside, write_atomically

TOKEN_FILE = "api.token"  # noqa: S105 - a file name

_log = logging.getLogger(__name__)


def read_or_make_token(data_dir: Path) -> str:
    """Return the token of the data folder; it is made on first use.

    Raises:
        LocalFault: the file cannot be read.
    """
    path = data_dir / TOKEN_FILE
    try:
        if path.exists() and not _may_be_token(path):
            _log.error("%s is damaged; it is now %s, and a new token is made", path, set_aside(path).name)
        if not path.exists() or not read_file(path).strip():
            write_atomically(path, secrets.token_urlsafe(32).encode())
        return read_file(path).decode("ascii").strip()
    except OSError as error:
        raise LocalFault(
            f"The API's token {path} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or delete it: a new one is made at the next start.",
        ) from error


def _may_be_token(path: Path) -> bool:
    return path.is_file() and read_file(path).isascii()
