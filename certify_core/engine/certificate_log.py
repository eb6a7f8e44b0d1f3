"""The log of each managed certificate: one file of JSON lines per certificate, in `logs/certificates`."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson
from pydantic import ValidationError

from certify_core.engine.events import Event
from certify_core.files import remove_file, replace_file

MAX_BYTES = 1_000_000
"""A log that has grown beyond this is moved to `<id>.log.1`, and the one before that is dropped."""

_log = logging.getLogger(__name__)


class CertificateLogs:
    """Writes events as they happen and reads them back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._failed = False

    def write(self, event: Event) -> None:
        """Append one event: a listener of `Events`. What cannot be written is left out, and that is told once."""
        try:
            self._append(event)
            self._failed = False
        except OSError as error:
            if not self._failed:
                _log.warning("What happens to certificates cannot be written to their logs: %s", error)
            self._failed = True

    def _append(self, event: Event) -> None:
        path = self._path(event.certificate_id)
        line = orjson.dumps(event.model_dump(mode="json", exclude_none=True)) + b"\n"
        with self._lock:
            with path.open("a+b") as file:
                # A crash or a full disk has cut off the last line: it must not take this one with it.
                file.write(line if _is_whole(file) else b"\n" + line)
                full = file.tell() > MAX_BYTES
            if full:
                replace_file(path, path.with_suffix(".log.1"))

    def tail(self, certificate_id: str, limit: int) -> list[Event]:
        """Return the newest `limit` events, the oldest of them first."""
        path = self._path(certificate_id)
        with self._lock:
            parts = [part.read_bytes() for part in (path.with_suffix(".log.1"), path) if part.exists()]
        newest = reversed(b"".join(parts).splitlines())
        return list(islice(_events(newest), limit))[::-1]

    def delete(self, certificate_id: str) -> None:
        """Remove the log of a certificate that is gone."""
        path = self._path(certificate_id)
        for part in (path.with_suffix(".log.1"), path):
            remove_file(part)

    def _path(self, certificate_id: str) -> Path:
        return self._folder / f"{certificate_id}.log"


def _is_whole(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _events(lines: Iterable[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            yield Event.model_validate_json(line)
        except ValidationError:
            continue  # it was cut off
