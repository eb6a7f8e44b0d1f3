"""The token that opens the API: kept in the data folder, readable by its owner alone."""

from __future__ import annotations

import secrets
from pathlib import Path

from certify_core.errors import LocalFault
from certify_core.files import write_atomically

TOKEN_FILE = "api.token"  # noqa: S105 - a file name


def read_or_make_token(data_dir: Path) -> str:
    """Return the token of the data folder; it is made on first use.

    Raises:
        LocalFault: the file cannot be read or holds no token.
    """
    path = data_dir / TOKEN_FILE
    try:
        if not path.exists() or not path.read_bytes().strip():
            write_atomically(path, secrets.token_urlsafe(32).encode())
        return path.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise LocalFault(
            f"The API's token {path} cannot be read: {getattr(error, 'strerror', None) or 'it is damaged'}.",
            "Delete it: a new one is made at the next start.",
        ) from error
