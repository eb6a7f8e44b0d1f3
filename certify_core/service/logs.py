"""The service's own logs: everything to `logs/session.log`, errors also to `logs/service.exceptions.log`.

Both are text, or one JSON object per line. Each line says which request it belongs to. Warnings and errors go to the
system's own log too, if a plugin knows that.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import orjson

from certify_core.correlation import current
from certify_core.errors import LocalFault
from certify_core.service.settings import ServiceConfig

MAX_BYTES = 5_000_000
GENERATIONS = 5
FORMAT = "%(asctime)s %(levelname)-7s %(name)s%(mark)s: %(message)s"

_LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "information": logging.INFO,
    "verbose": logging.DEBUG,
    "debug": logging.DEBUG,
}


class TextFormatter(logging.Formatter):
    """Lines for people: the request's id in brackets behind the part of the program that speaks."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's lines."""
        record.mark = f" [{current()}]" if current() else ""
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object per line, for programs that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's line."""
        document = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "correlation": current() or None,
            "message": record.getMessage(),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return orjson.dumps({key: value for key, value in document.items() if value is not None}).decode()


class SystemFormatter(logging.Formatter):
    """Lines for a log that knows itself when something happened and how bad it is."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's lines."""
        mark = f" [{current()}]" if current() else ""
        return f"{record.name}{mark}: {super().format(record)}"


class LogFile(RotatingFileHandler):
    """A file that a full disk does no harm: what cannot be written is left out, and nobody is told of every line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Tell of what is wrong with a record, and not with the disk: that is told elsewhere."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close it, whether or not the last lines can be written."""
        with suppress(OSError):
            super().close()


def set_up_logs(folder: Path, config: ServiceConfig) -> LocalFault | None:
    """Write this process's log records to the folder; return why not if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logging.getLogger().addHandler(logging.NullHandler())  # nothing is printed in the place of what is told
        return LocalFault(
            f"The folder {folder} cannot be made: {error.strerror or error}.", "Move away what is in its place."
        )
    close_logs()
    root, level = logging.getLogger(), _LEVELS[config.logLevel]
    root.setLevel(level)
    # urllib3 tells every connection at debug level, with paths that hold tokens.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    formatter = JsonFormatter() if config.logFormat == "json" else TextFormatter()
    root.addHandler(_handler(folder / "session.log", level, formatter))
    root.addHandler(_handler(folder / "service.exceptions.log", logging.ERROR, formatter))
    return None


def close_logs() -> None:
    """Write no more to a folder: Windows removes no file that is open."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LogFile)]:
        root.removeHandler(handler)
        handler.close()


def add_system_logs(handlers: Iterable[logging.Handler]) -> None:
    """Send warnings and errors to the logs of the system too, in the place of those of an earlier call."""
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler.formatter, SystemFormatter)]:
        root.removeHandler(earlier)
    for handler in handlers:
        handler.setLevel(logging.WARNING)
        handler.setFormatter(SystemFormatter())
        root.addHandler(handler)


def _handler(path: Path, level: int, formatter: logging.Formatter) -> logging.Handler:
    handler = LogFile(path, maxBytes=MAX_BYTES, backupCount=GENERATIONS, encoding="utf-8", delay=True)
    handler.setLevel(level)
    handler.setFormatter(formatter)
    return handler
