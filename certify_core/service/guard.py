"""Who may use the API: a pure ASGI middleware in front of everything.

Besides the token it checks Host (a page of another site that resolves to 127.0.0.1 is refused) and Origin (a
browser's request from another page is refused), so that a token in a browser cannot be used by strangers.
"""

from __future__ import annotations

import hmac
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from certify_core.domain.failure import FailureClass
from certify_core.errors import InvalidInput
from certify_core.service.listen import loopback_addresses
from certify_core.service.problems import MEDIA_TYPE
from certify_core.service.token import TOKEN_FILE

OPEN_PATHS = {"/api/system/appversion"}


class Guard:
    """Lets a request through or answers 401 or 403 itself."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        refusal = self._refusal(scope["path"], dict(scope["headers"]))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, *refusal)

    def _refusal(self, path: str, headers: dict[bytes, bytes]) -> tuple[int, str, str] | None:
        """Return status, cause and remedy, or None if the request may pass."""
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")
        if not _is_loopback(host):
            return 403, "The Host header does not name this machine.", "Use http://localhost."
        if origin is not None and origin.decode("latin-1").split("://", 1)[-1] != host:
            return 403, "The request comes from a page of another site.", "Use the API from here."
        if path in OPEN_PATHS or self._authorized(headers):
            return None
        return (
            401,
            "A token is required.",
            f"Send 'Authorization: Bearer' with the content of {TOKEN_FILE} in the service's data folder.",
        )

    def _authorized(self, headers: dict[bytes, bytes]) -> bool:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    try:
        loopback_addresses(name)
    except InvalidInput:
        return False
    return True


async def _refuse(send: Send, status: int, detail: str, remedy: str) -> None:
    body = orjson.dumps(
        {"title": "Refused", "status": status, "detail": detail, "remedy": remedy, "failure_class": FailureClass.USER}
    )
    headers: list[Any] = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
