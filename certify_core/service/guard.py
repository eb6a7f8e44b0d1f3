"""Who may use the API: a pure ASGI middleware in front of everything.

Besides who asks and what his role may do it checks Host (a page of another site that resolves to 127.0.0.1 is refused)
and Origin (a browser's request from another page is refused), so that a token or a cookie in a browser cannot be used
by strangers. No answer is kept by a browser or a proxy, or taken for anything but what it says it is. Every request has
an id, which the log shows wherever something is done for it.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from certify_core.correlation import correlated, current, new_id
from certify_core.domain.access import Principal
from certify_core.service.access import SAFE_METHODS, Access, Headers, address_of, headers_of
from certify_core.service.listen import is_loopback
from certify_core.service.refusals import refusal, too_many_tries
from certify_core.service.roles import OPEN, needed_role
from certify_core.service.token import TOKEN_FILE

ONCE = (b"host", b"origin", b"authorization")
"""Headers of which a second one would be for somebody else to read than the first (RFC 9110 section 5.3)."""
CORRELATION = b"x-correlation-id"
PROTECTION = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class Guard:
    """Lets a request through or answers 400, 401, 403 or 429 itself."""

    def __init__(self, app: ASGIApp, access: Access, names: Collection[str] = ()) -> None:
        """`names` are those of this machine, in lower case, by which it is called besides the loopback's."""
        self._app = app
        self._access = access
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        with correlated(new_id()):
            answer = await self._refusal(scope)
            if answer is None:
                await self._app(scope, receive, _protected(send))
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await answer(scope, receive, _protected(send))

    async def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that may not pass, or None; then the scope says who asks."""
        scope.setdefault("state", {})
        headers = headers_of(scope)
        if foreign := _ambiguous(scope) or self._foreign(scope, headers):
            return foreign
        method = scope.get("method", "WEBSOCKET")
        if (method, scope["path"]) in OPEN:
            return None
        principal = await self._principal(headers, method)
        if principal is None:
            return self._unknown(scope, headers)
        role = needed_role("GET" if method == "HEAD" else method, scope["path"])
        if not principal.role.includes(role):
            return refusal(
                403,
                f"{principal.name} is {principal.role}, and this is for the role {role}.",
                "Ask an administrator to do it, or for a token of that role (`certify token create`).",
            )
        scope["state"]["principal"] = principal
        return None

    async def _principal(self, headers: Headers, method: str) -> Principal | None:
        if b"authorization" in headers:
            return await self._access.by_authorization(headers)
        # A page of another port of this host is the same site to SameSite; only its Origin tells it from ours.
        if method in SAFE_METHODS or b"origin" in headers:
            return self._access.by_cookie(headers)
        return None

    def _foreign(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that another site has caused, or None."""
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")
        if not is_loopback(_name(host)) and _name(host) not in self._names:
            remedy = "Use a name that its certificate has." if self._names else "Use http://localhost."
            return refusal(403, "The Host header does not name this machine.", remedy)
        if origin is not None and origin.decode("latin-1") != f"{_scheme(scope)}://{host}":
            return refusal(403, "The request comes from a page of another site.", "Use the API from here.")
        return None

    def _unknown(self, scope: Scope, headers: Headers) -> Response:
        if b"authorization" in headers:
            source, failures = address_of(scope), self._access.failures
            if wait := failures.wait(source):
                return too_many_tries(wait)
            failures.failed(source)
        return refusal(
            401,
            "A token is required.",
            f"Send 'Authorization: Bearer' with the content of {TOKEN_FILE} in the service's data folder, or with a "
            "token of `certify token create`.",
            {"WWW-Authenticate": "Bearer"},
        )


def _protected(send: Send) -> Send:
    """Return what sends an answer on with the headers that protect it, and with the request's id."""
    added = [*PROTECTION, (CORRELATION, current().encode())]

    async def send_protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return send_protected


def _ambiguous(scope: Scope) -> Response | None:
    """Return the answer to a request that can be read in two ways, or None."""
    names = [name for name, _ in scope["headers"]]
    for name in ONCE:
        if names.count(name) > 1:
            return refusal(400, f"The header {name.decode()} is there several times.", "Send it once.")
    return None


def _scheme(scope: Scope) -> str:
    """Return the scheme of the pages that a request may come from."""
    scheme: str = scope["scheme"]
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def _name(host: str) -> str:
    """Return the name of a Host header without its port (RFC 9110 section 7.2)."""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return name.strip("[]").lower()
