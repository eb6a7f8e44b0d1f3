"""The journal of systemd, by its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
LONGEST = 48_000
"""Bytes of a message; more would need a file of its own."""
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
"""As syslog counts them (RFC 5424 section 6.2.1)."""


class Journal(logging.Handler):
    """Sends records to the journal; where that is not there they are in the service's own logs alone."""

    def __init__(self, path: Path = SOCKET) -> None:
        super().__init__()
        self.set_name("journald")
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        fields = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(_PRIORITIES.get(record.levelno, 7)),
            "SYSLOG_IDENTIFIER": "certify",
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
        }
        datagram = b"".join(_field(name, value) for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.connect(str(self._path))
                connection.send(datagram)
            except OSError:  # nobody may be kept from working by the log of his work
                return


def is_here() -> bool:
    """Whether systemd has started this process and takes what it says (systemd.exec(5), $JOURNAL_STREAM)."""
    return hasattr(socket, "AF_UNIX") and "JOURNAL_STREAM" in os.environ


def _field(name: str, value: str) -> bytes:
    """Return a field with its length, so that no text of a message can begin another field."""
    content = value.encode("utf-8", "replace")[:LONGEST]
    return name.encode() + b"\n" + len(content).to_bytes(8, "little") + content + b"\n"
