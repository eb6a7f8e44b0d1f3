"""Keeps every row that was written since the last backup once more, in a file of lines beside the database.

A backup is as old as it is; with the journal, a database that is gone altogether comes back as it was at its last
commit. A line is written after the commit that it is of, and not synced: the database is what has to be durable, and
the journal is for when it is damaged all the same. Secrets are in it as they are in the database: sealed.
"""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from certify_core.api import replace_file
from certify_store_sqlite.seals import COLUMN, Value

LARGEST = 256 << 20
"""Octets after which nothing is added until the next backup."""
_OCTETS = "base64"

_log = logging.getLogger(__name__)


class Journal:
    """The journal of one database, for who writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._failed = False

    def append(self, lines: Sequence[bytes]) -> None:
        """Add the rows of one commit; that this fails is no reason for anything else to fail."""
        try:
            # Opened anew each time: a backup that begins takes the file away by renaming it.
            with self._lock, open(self._path, "ab", opener=_private) as file:
                if file.tell() < LARGEST:
                    file.write(b"".join(lines))
            self._failed = False
        except OSError as error:
            if not self._failed:
                _log.warning("The journal of the database cannot be written: %s", error)
            self._failed = True


def line_of(table: str, columns: str, values: Sequence[Value], seal: bytes) -> bytes:
    """Return a row as a line of the journal."""
    row = {**dict(zip(columns.split(","), values, strict=True)), COLUMN: seal}
    return orjson.dumps([table, row], default=_octets) + b"\n"


def rows_in(journals: Sequence[Path]) -> Iterator[tuple[str, dict[str, Value]]]:
    """Return table and row of every line that is one; the last one may have been cut off."""
    for journal in journals:
        with journal.open("rb") as lines:
            for line in lines:
                try:
                    table, row = orjson.loads(line)
                    yield table, {name: _value(value) for name, value in row.items()}
                except (ValueError, TypeError, AttributeError):
                    continue


def journals_of(path: Path) -> list[Path]:
    """Return the journal and those that a backup has begun to replace."""
    return sorted(path.parent.glob(f"{path.name}*"))


def begin_new(path: Path) -> list[Path]:
    """Have the next commit begin a new journal; return the earlier ones, which a good backup makes needless."""
    if path.exists():
        replace_file(path, path.with_name(f"{path.name}.{time.time_ns()}"))
    return [journal for journal in journals_of(path) if journal != path]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _octets(value: object) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError
    return {_OCTETS: base64.b64encode(value).decode()}


def _value(value: object) -> Value:
    if isinstance(value, dict):
        return base64.b64decode(value[_OCTETS])
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError
