"""The log of each managed certificate: one file of JSON lines per certificate, in `logs/certificates`."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import orjson

from certify_core.engine.events import Event

MAX_BYTES = 1_000_000
"""A log that has grown beyond this is moved to `<id>.log.1`, and the one before that is dropped."""


class CertificateLogs:
    """Writes events as they happen and reads them back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def write(self, event: Event) -> None:
        """Append one event: a listener of `Events`."""
        path = self._path(event.certificate_id)
        with path.open("ab") as file:
            file.write(orjson.dumps(event.model_dump(mode="json", exclude_none=True)) + b"\n")
            full = file.tell() > MAX_BYTES
        if full:
            path.replace(path.with_suffix(".log.1"))

    def tail(self, certificate_id: str, limit: int) -> list[Event]:
        """Return the newest `limit` events, the oldest of them first."""
        path = self._path(certificate_id)
        lines: deque[bytes] = deque(maxlen=limit)
        for part in (path.with_suffix(".log.1"), path):
            if part.exists():
                with part.open("rb") as file:
                    lines.extend(file)
        # A line without its end was cut off by a crash.
        return [Event.model_validate_json(line) for line in lines if line.endswith(b"\n")]

    def delete(self, certificate_id: str) -> None:
        """Remove the log of a certificate that is gone."""
        path = self._path(certificate_id)
        for part in (path.with_suffix(".log.1"), path):
            part.unlink(missing_ok=True)

    def _path(self, certificate_id: str) -> Path:
        return self._folder / f"{certificate_id}.log"
