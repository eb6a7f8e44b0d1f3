"""Recognises who asks: by the token of the data folder's owner, by a stored token, or by a session."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from certify_core.domain.access import PREFIX, AccessToken, Principal, Role, new_token, token_digest
from certify_core.service.failures import Failures
from certify_core.service.sessions import Sessions
from certify_core.service.token import TOKEN_FILE
from certify_core.store.tokens import Tokens

Headers = dict[bytes, bytes]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110 section 9.2.1)."""
COOKIE = "certify_session_"
"""Followed by the port: cookies of one host are sent to all of its ports (RFC 6265 section 8.5)."""

_IPV6_PREFIX = 64
"""Bits of an IPv6 address that a network gives out; whoever is in it has all the rest (RFC 4291 section 2.5.1)."""


class Access:
    """Everybody who may come in."""

    def __init__(self, owner_token: str, tokens: Tokens, clock: Callable[[], float] = time.time) -> None:
        self._owner_digest = token_digest(owner_token)
        self._tokens = tokens
        self._clock = clock
        self.sessions = Sessions(clock)
        self.failures = Failures()

    async def by_authorization(self, headers: Headers) -> Principal | None:
        """Return who has the token of the Authorization header, or None if nobody has."""
        token = bearer_of(headers)
        if token is None:
            return None
        digest = token_digest(token)
        if hmac.compare_digest(digest, self._owner_digest):
            return Principal(TOKEN_FILE, Role.ADMINISTRATOR, TOKEN_FILE)
        if not token.startswith(PREFIX):
            return None
        if session := self.sessions.find(digest):
            return session
        stored = await run_in_threadpool(self._tokens.find, digest, self._clock())
        return stored.principal() if stored is not None else None

    def by_cookie(self, headers: Headers) -> Principal | None:
        """Return who has the session of a browser's cookie, or None."""
        token = cookies(headers).get(cookie_name(headers))
        return self.sessions.find(token_digest(token)) if token else None

    def create_token(self, by: Principal, *, title: str, role: Role, seconds: float) -> tuple[str, AccessToken]:
        """Return a new token, which is shown this once, and what is kept of it."""
        token, now = new_token(), self._clock()
        kept = self._tokens.create(
            token_digest(token), title=title, role=role, created_by=by.name, now=now, expires_at=now + seconds
        )
        return token, kept

    def revoke_token(self, token_id: str) -> None:
        """End a token, and all sessions and links that were made with it.

        Raises:
            NotFound: there is none.
        """
        self._tokens.delete(token_id)
        self.sessions.end_those_of(token_id)


def bearer_of(headers: Headers) -> str | None:
    """Return the token of an Authorization header (RFC 6750 section 2.1), or None if it holds none."""
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    return given.strip().decode("latin-1") if scheme.lower() == b"bearer" else None


def cookies(headers: Headers) -> dict[str, str]:
    """Return the cookies of a request (RFC 6265 section 4.2.1)."""
    pairs = headers.get(b"cookie", b"").decode("latin-1").split(";")
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}


def cookie_name(headers: Headers) -> str:
    """Return the name of the session's cookie at the port that a request was sent to."""
    port = headers.get(b"host", b"").decode("latin-1").rpartition(":")[2]
    return COOKIE + (port if port.isdecimal() else "80")


def headers_of(scope: Scope) -> Headers:
    """Return the headers of a request by their names in lower case."""
    return dict(scope["headers"])


def address_of(scope: Scope) -> str:
    """Return where a request comes from."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def source_of(scope: Scope) -> str:
    """Return whose guesses at passwords count together: who has one address of this machine or network has many."""
    text = address_of(scope)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.is_loopback:
        return "this machine"
    prefix = _IPV6_PREFIX if address.version == 6 else 32
    return str(ipaddress.ip_network((address, prefix), strict=False))


def principal_of(scope: Scope) -> Principal:
    """Return who asks, as the guard has found out."""
    principal: Principal = scope["state"]["principal"]
    return principal
