"""Server-sent events, as a client reads them (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import urllib3

from tests.support.service import Service


@dataclass(frozen=True)
class Message:
    """One event."""

    kind: str
    data: Any


def events_path(operation: str) -> str:
    """Return where an operation's events are streamed."""
    return f"/api/operations/{operation}/events"


def messages(stream: urllib3.BaseHTTPResponse) -> Iterator[Message]:
    """Yield events as they arrive, to the end of the stream."""
    kind = ""
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield Message(kind, json.loads(value))


def watched(service: Service, operation: str) -> list[Message]:
    """Watch an operation to its end; return all its events."""
    with service.stream(events_path(operation)) as stream:
        return list(messages(stream))
