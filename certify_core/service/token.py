"""The token that opens the API: kept in the data folder, readable by its owner alone.

What is in its place and can be no token is set aside, and a new one is made: a short text can be guessed, and one that
holds more than a line of ASCII nobody could have used.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from certify_core.errors import LocalFault
from certify_core.files import read_file, set_aside, write_atomically

TOKEN_FILE = "api.token"  # noqa: S105 - a file name
SHORTEST = 32
"""Characters; of random ones that is 190 bits."""

_log = logging.getLogger(__name__)


def read_or_make_token(data_dir: Path) -> str:
    """Return the token of the data folder; it is made on first use.

    Raises:
        LocalFault: the file cannot be read.
    """
    path = data_dir / TOKEN_FILE
    try:
        if path.exists() and not _may_be_token(path):
            _log.error(
                "%s is damaged, or too short to be safe; it is now %s, and a new token is made",
                path,
                set_aside(path).name,
            )
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32).encode())
        return read_file(path).decode("ascii").strip()
    except OSError as error:
        raise LocalFault(
            f"The API's token {path} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or delete it: a new one is made at the next start.",
        ) from error


def _may_be_token(path: Path) -> bool:
    if not path.is_file():
        return False
    content = read_file(path).strip()
    return content.isascii() and len(content) >= SHORTEST and len(content.split()) == 1
