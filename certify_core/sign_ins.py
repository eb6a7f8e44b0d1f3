"""What a plugin hands over that lets people sign in with the account they have: at the machine, or in its domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from certify_core.domain.access import Role


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who somebody has shown to be."""

    name: str
    """As the system writes it."""
    role: Role | None
    """What the system's groups make him here; None if he is not let in."""


class Handshake(Protocol):
    """One attempt to sign in: messages that follow one another on one connection. Used by one thread at a time."""

    def claimed(self, message: bytes) -> str | None:
        """Return whose password a message tries, if it tries one: such tries are limited by name and address.

        Raises:
            AccessRefused: that cannot be told for certain.
        """

    def step(self, message: bytes) -> tuple[bytes, SignedIn | None]:
        """Take a message; return what to answer, and who it is once that is known.

        Raises:
            AccessRefused: he is not who he says.
        """


@runtime_checkable
class SignIn(Protocol):
    """Lets people in by schemes of HTTP authentication (RFC 9110 section 11) that take several messages.

    Guarantees: `begin` keeps nothing outside the handshake, which may be dropped at any point.
    """

    name: str
    """Short, in lower case, with hyphens."""
    title: str
    """One line for people."""
    schemes: Sequence[str]
    """What it understands, the better first: such as ``Negotiate`` (RFC 4559)."""

    def begin(self, scheme: str) -> Handshake:
        """Begin an attempt by one of the schemes.

        Raises:
            LocalFault: this machine is not set up for it.
        """
