"""Windows' event log, by the means that a service has for it."""

from __future__ import annotations

import logging

from certify_windows_service.pywin32 import servicemanager

LONGEST = 31_000
"""Characters that one entry takes (ReportEventW: 31,839)."""


class EventLog(logging.Handler):
    """Writes records to the application log, with the service as their source."""

    def __init__(self) -> None:
        super().__init__()
        self.set_name("windows-event-log")
        self._service = servicemanager()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        write = self._service.LogErrorMsg if record.levelno >= logging.ERROR else self._service.LogWarningMsg
        try:
            write(self.format(record)[:LONGEST])
        except Exception:  # nobody may be kept from working by the log of his work
            return
