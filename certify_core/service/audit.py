"""Enters every change that is asked for into the audit trail: a pure ASGI middleware between the guard and the routes.

The request is entered before anything is done; if that cannot be, nothing is done. For that it is read as a whole, and
one that is too large is refused; but for files, which are passed on. The outcome is entered before the
client hears of it. So a request without an outcome in the trail was cut short by the end of the service.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import orjson
from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from certify_core.correlation import current
from certify_core.domain.access import Principal
from certify_core.domain.audit import AuditEntry
from certify_core.errors import CertifyError
from certify_core.service.access import SAFE_METHODS, address_of
from certify_core.service.audit_fields import audit_fields
from certify_core.service.refusals import refusal
from certify_core.service.routes.views import iso

LARGEST_BODY = 1_000_000
"""Bytes; the largest that is meant, a list of some thousand names, has a tenth of it."""
LARGER_BODIES = {"/api/configuration/": 50_000_000}
"""Bytes, where a whole folder of files is sent at once: some ten thousand documents."""
LONGEST_PATH = 300
UPLOADS = frozenset({"/api/import/encrypted"})
"""Where a file is sent and no document: that is passed on as it comes, and nothing of it is entered."""
LOOKS = frozenset({"/api/health/check"})
"""What changes nothing, and has to be answered where nothing can be written: just then somebody asks what is wrong."""

_log = logging.getLogger(__name__)


class Trail(Protocol):
    """Where entries go."""

    def add(self, document: Mapping[str, JsonValue], *, request: int | None = None) -> AuditEntry:
        """Add an entry, the outcome of an earlier one if `request` is its number; it is durable on return.

        Raises:
            CertifyError: it could not be added.
        """


class Audit:
    """Enters changes and passes them on."""

    def __init__(self, app: ASGIApp, trail: Trail, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._trail = trail
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or scope["path"] in LOOKS:
            await self._app(scope, receive, send)
            return
        is_upload, largest = scope["path"] in UPLOADS, _largest(scope["path"])
        body = b"" if is_upload else await _body(receive, largest)
        if body is None:
            return
        if len(body) > largest:
            answer = refusal(413, f"The body is larger than {largest:,} bytes.", "Send less at once.")
            await answer(scope, receive, send)
            return
        number = None
        if "principal" in scope["state"]:
            try:
                number = await self._add(self._request(scope, body))
            except CertifyError as error:
                detail = f"Nothing was done, as it could not be audited: {error.cause}"
                answer = refusal(503, detail, error.remedy, failure_class=error.failure_class)
                await answer(scope, receive, send)
                return

        async def conclude(status: int, content: bytes) -> None:
            await self._conclude(scope, body, number, status, content)

        answer_once = _Answer(send, conclude)
        try:
            await self._app(scope, receive if is_upload else _again(body, receive), answer_once)
        finally:
            if not answer_once.is_concluded:
                await conclude(500, b"")

    async def _conclude(self, scope: Scope, body: bytes, number: int | None, status: int, content: bytes) -> None:
        """Enter the outcome; of who signs in it is known only now who that is, and strangers who fail fill no trail."""
        try:
            if number is None and "principal" in scope["state"]:
                number = await self._add(self._request(scope, body))
            if number is not None:
                document = {"at": iso(self._clock()), "status": status, "id": _id(content) if status < 300 else None}
                await self._add(document, request=number)
        except CertifyError as error:
            _log.error("The outcome %s of request %s is not in the audit trail: %s", status, number, error)

    async def _add(self, document: dict[str, Any], *, request: int | None = None) -> int:
        entry = await run_in_threadpool(self._trail.add, document, request=request)
        return entry.number

    def _request(self, scope: Scope, body: bytes) -> dict[str, Any]:
        who: Principal = scope["state"]["principal"]
        return {
            "at": iso(self._clock()),
            "who": who.name,
            "role": who.role,
            "how": who.how,
            "token": who.token_id,
            "address": address_of(scope),
            "method": scope["method"],
            "correlation": current(),
            "path": scope["path"][:LONGEST_PATH],
            "fields": audit_fields(body),
        }


class _Answer:
    """Sends an answer on, once its outcome was entered."""

    def __init__(self, send: Send, conclude: Callable[[int, bytes], Awaitable[None]]) -> None:
        self._send = send
        self._conclude = conclude
        self._start: Message | None = None
        self.is_concluded = False

    async def __call__(self, message: Message) -> None:
        """Take the next message of the answer: its start, then its body, whose first part is all of it as a rule."""
        if self._start is None:
            self._start = message
            return
        if not self.is_concluded:
            self.is_concluded = True
            await self._conclude(self._start["status"], message.get("body", b""))
            await self._send(self._start)
        await self._send(message)


def _largest(path: str) -> int:
    """Return how large the body of a request may be, in bytes."""
    return next((size for prefix, size in LARGER_BODIES.items() if path.startswith(prefix)), LARGEST_BODY)


async def _body(receive: Receive, largest: int) -> bytes | None:
    """Return the whole body, or the beginning of one that is too large; None if the client hangs up."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > largest or not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body once more, and then what follows it."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def _id(content: bytes) -> str | None:
    """Return the id of what an answer shows."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None
