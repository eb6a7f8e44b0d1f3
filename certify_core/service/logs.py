"""The service's own logs: everything to `logs/session.log`, errors also to `logs/service.exceptions.log`."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from certify_core.errors import LocalFault

MAX_BYTES = 5_000_000
GENERATIONS = 5
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

_LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "information": logging.INFO,
    "verbose": logging.DEBUG,
    "debug": logging.DEBUG,
}


def set_up_logs(folder: Path, level: str) -> LocalFault | None:
    """Write this process's log records to the folder; return why not if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logging.getLogger().addHandler(logging.NullHandler())  # nothing is printed in the place of what is told
        return LocalFault(
            f"The folder {folder} cannot be made: {error.strerror or error}.", "Move away what is in its place."
        )
    root = logging.getLogger()
    root.setLevel(_LEVELS[level])
    # urllib3 tells every connection at debug level, with paths that hold tokens.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    for earlier in [handler for handler in root.handlers if isinstance(handler, RotatingFileHandler)]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(_handler(folder / "session.log", _LEVELS[level]))
    root.addHandler(_handler(folder / "service.exceptions.log", logging.ERROR))
    return None


def _handler(path: Path, level: int) -> logging.Handler:
    handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=GENERATIONS, encoding="utf-8", delay=True)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(FORMAT))
    return handler
