"""Short accesses that live in memory: sessions of browsers and of sign-ins, and links that open one session once.

A restart ends all of them. Moments are the wall clock's, as those of stored tokens are, so that a session never
outlives the token that it hangs on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from certify_core.domain.access import Principal, new_token, token_digest

BROWSER_SECONDS = 8 * 3600.0
TOKEN_SECONDS = 3600.0
LINK_SECONDS = 60.0
KEPT_OF_ONE = 20
"""So many of somebody's sessions, and of his links, are kept; the oldest goes first, and never another's."""


@dataclass(frozen=True, slots=True)
class _Kept:
    principal: Principal
    until: float


class Sessions:
    """All sessions and links of this process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sessions: dict[str, _Kept] = {}
        self._links: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def begin(self, principal: Principal, seconds: float) -> tuple[str, Principal]:
        """Return a token and who comes with it; it ends after so many seconds, or with what it hangs on."""
        until = min(self._clock() + seconds, principal.expires_at or float("inf"))
        session = replace(principal, expires_at=until)
        return self._keep(self._sessions, session, until), session

    def find(self, digest: str) -> Principal | None:
        """Return whose session has this digest, unless it is over."""
        with self._lock:
            return self._valid(self._sessions.get(digest))

    def end(self, digest: str) -> None:
        """Forget one session."""
        with self._lock:
            self._sessions.pop(digest, None)

    def end_those_of(self, token_id: str) -> None:
        """Forget all sessions and links that hang on a stored token."""
        with self._lock:
            for kept in (self._sessions, self._links):
                for digest in [digest for digest, item in kept.items() if item.principal.token_id == token_id]:
                    del kept[digest]

    def make_link(self, principal: Principal) -> str:
        """Return a code that opens one session for somebody, within `LINK_SECONDS`."""
        return self._keep(self._links, principal, self._clock() + LINK_SECONDS)

    def follow_link(self, code: str) -> Principal | None:
        """Return who made the link of this code, which is used up by that."""
        with self._lock:
            return self._valid(self._links.pop(token_digest(code), None))

    def _valid(self, kept: _Kept | None) -> Principal | None:
        return kept.principal if kept is not None and kept.until > self._clock() else None

    def _keep(self, where: dict[str, _Kept], principal: Principal, until: float) -> str:
        secret, now = new_token(), self._clock()
        with self._lock:
            for digest in [digest for digest, kept in where.items() if kept.until <= now]:
                del where[digest]
            mine = [digest for digest, kept in where.items() if _owner(kept.principal) == _owner(principal)]
            for digest in mine[: max(0, len(mine) + 1 - KEPT_OF_ONE)]:
                del where[digest]
            where[token_digest(secret)] = _Kept(principal, until)
        return secret


def _owner(principal: Principal) -> tuple[str, str, str | None]:
    return principal.name, principal.how, principal.token_id
