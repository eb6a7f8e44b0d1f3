"""Who may do what: roles, who somebody is, and tokens.

A token is 32 random bytes, so its SHA-256 is enough to recognise it by (NIST SP 800-63B section 5.1.4.2 allows plain
hashes for secrets of 112 bits and more) and worth nothing to who reads the database.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "certify_"
"""How the tokens that we make begin: people and secret scanners see what they are."""


class Role(StrEnum):
    """What somebody may do; each may also do what those before it may."""

    READER = "reader"
    """Look at everything but who did what."""
    OPERATOR = "operator"
    """Have done what is configured: request, renew, revoke."""
    ADMINISTRATOR = "administrator"
    """Configure it: what runs with the rights of the service, and who has access."""

    def includes(self, needed: Role) -> bool:
        """Whether this role may do what another one may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised."""

    name: str
    role: Role
    how: str
    """By what: ``api.token``, ``token``, ``link`` or the name of a sign-in."""
    token_id: str | None = None
    """The stored token that this access hangs on, if it does: it ends with it."""
    expires_at: float | None = None
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it is kept: nobody can be let in with what is here."""

    id: str
    title: str
    role: Role
    created_by: str
    created_at: float
    expires_at: float

    def principal(self) -> Principal:
        """Return who comes with it."""
        return Principal(self.title, self.role, "token", self.id, self.expires_at)


def new_token() -> str:
    """Return a new token."""
    return PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what a token is recognised by, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
