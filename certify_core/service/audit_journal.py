"""The audit trail of a service whose store cannot be opened: a file, entered into the trail as soon as there is one.

Killed between the two, entries are in the trail twice rather than not at all; ``late`` is the same in both.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
from pydantic import JsonValue

from certify_core.domain.audit import NO_HASH, AuditEntry, link
from certify_core.errors import CertifyError, LocalFault
from certify_core.files import PRIVATE, read_file, remove_file, sync_folder
from certify_core.store.audit import AuditTrail

FILE = "audit.pending"
LATE = "late"
"""Key in the document of an entry that was entered afterwards; its value is the hash that it had in the file."""

_log = logging.getLogger(__name__)


class AuditJournal:
    """Who did what while there was no store. Used by one request at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def add(self, document: Mapping[str, JsonValue], *, request: int | None = None) -> AuditEntry:
        """Add an entry, as `AuditTrail.add` does; it is durable on return.

        Raises:
            LocalFault: it cannot be written.
        """
        try:
            last = max(self._entries(), key=lambda entry: entry.number, default=None)
            text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
            entry = link(last.number + 1 if last else 1, request, text, last.hash if last else NO_HASH)
            self._append(orjson.dumps(entry))
        except OSError as error:
            raise LocalFault(
                f"{self._path} cannot be written: {error.strerror or error}.",
                "Make room, mend its permissions, or mount its file system for writing.",
            ) from error
        return entry

    def pour_into(self, trail: AuditTrail) -> None:
        """Enter everything into the trail; what cannot be entered now stays."""
        try:
            numbers: dict[int, int] = {}
            for entry in self._entries():
                document = {**orjson.loads(entry.document), LATE: entry.hash}
                request = numbers.get(entry.request) if entry.request is not None else None
                numbers[entry.number] = trail.add(document, request=request).number
            remove_file(self._path)
        except (CertifyError, OSError) as error:
            _log.error("What was done without a store is not in the audit trail yet: %s", error)

    def _entries(self) -> Iterator[AuditEntry]:
        lines = read_file(self._path).splitlines() if self._path.exists() else []
        for line in filter(None, lines):
            try:
                yield AuditEntry(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError):
                _log.error("A line of %s is damaged and left out", self._path)  # a crash has cut it off

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._path, flags, PRIVATE), "ab") as file:
            # In a line of its own, whatever a crash has left at the end.
            file.write(b"\n" + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)
