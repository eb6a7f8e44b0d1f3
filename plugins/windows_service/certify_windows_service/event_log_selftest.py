"""Tries on a real machine whether what the service warns of is found in Windows' event log."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator

from certify_core.api import LocalFault
from certify_windows_service.event_log import EventLog
from certify_windows_service.pywin32 import win32evtlog

NEWEST = 200
"""So many entries are looked at: others may have written meanwhile."""


def write_event() -> str:
    """Write a warning as the service does, and find it."""
    mark = secrets.token_hex(8)
    log = logging.Logger("certify.selftest")
    log.addHandler(EventLog())
    log.warning("This is entry %s of Certify's selftest; nothing is the matter.", mark)
    source = next((source for source, text in _newest() if mark in text), None)
    if source is None:
        raise LocalFault(
            "Windows kept no entry of it.", "See whether the Windows Event Log service runs and the log is not full."
        )
    return f"It is in the application log, from {source}."


def _newest() -> Iterator[tuple[str, str]]:
    """Give source and text of the newest entries (ReadEventLogW)."""
    api = win32evtlog()
    log = api.OpenEventLog(None, "Application")
    flags = api.EVENTLOG_BACKWARDS_READ | api.EVENTLOG_SEQUENTIAL_READ
    seen = 0
    try:
        while seen < NEWEST and (entries := api.ReadEventLog(log, flags, 0)):
            for entry in entries:
                yield str(entry.SourceName), " ".join(entry.StringInserts or ())
            seen += len(entries)
    finally:
        api.CloseEventLog(log)
