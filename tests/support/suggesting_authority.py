"""A Pebble that knows no renewal information, with a stub before it that does (RFC 9773): any window, any refusal."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.chaos_proxy import ChaosProxy
from tests.support.pebble import Pebble
from tests.support.scripted_server import Received, Reply

RENEWAL_INFO = "/renewal-info/"


def window(start: float, end: float, explanation_url: str | None = None) -> dict[str, Any]:
    """Return a suggestion for a window, given in seconds since the epoch."""
    bounds = {"start": _rfc3339(start), "end": _rfc3339(end)}
    return {"suggestedWindow": bounds, **({"explanationURL": explanation_url} if explanation_url else {})}


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


class SuggestingAuthority(ChaosProxy):
    """Suggests the same to everybody, and refuses orders that replace something where it is told to."""

    def __init__(self, folder: Path, pebble: Pebble) -> None:
        super().__init__(folder, pebble.directory, pebble.ca_bundle)
        self.suggests = True
        """Whether its directory says so."""
        self.suggestion: Reply = Reply(404)
        self.refusals: list[Reply] = []
        """What comes of the next orders that replace something."""
        self.asked: list[str] = []
        """The certificates whose window was asked for."""
        self.replaced: list[str | None] = []
        """What each order said that it replaces."""
        self.silent = threading.Event()
        """Set while it does not answer who asks for a window."""
        self._ended = threading.Event()

    def suggest(self, document: Mapping[str, Any], *, retry_after: str | None = None) -> None:
        """Suggest this from now on."""
        headers = {"Retry-After": retry_after} if retry_after else {}
        self.suggestion = Reply(200, json.dumps(document).encode(), headers)

    def instead(self, path: str, body: bytes) -> Reply | None:
        """Answer for renewal information, and refuse orders."""
        if path.startswith(RENEWAL_INFO):
            self.asked.append(path.removeprefix(RENEWAL_INFO))
            while self.silent.is_set() and not self._ended.wait(0.05):
                pass
            return self.suggestion
        if path == "/order-plz":
            self.replaced.append(Received("POST", path, {}, body).signed("payload").get("replaces"))
            if self.replaced[-1] is not None and self.refusals:
                return self.refusals.pop(0)
        return None

    def passed_on(self, path: str, body: bytes) -> bytes:
        """Add the resource to the directory."""
        if path != "/dir" or not self.suggests:
            return body
        address = self.directory.removesuffix("/dir") + RENEWAL_INFO.rstrip("/")
        return json.dumps({**json.loads(body), "renewalInfo": address}).encode()

    def __exit__(self, *details: Any) -> None:
        self._ended.set()
        super().__exit__(*details)
