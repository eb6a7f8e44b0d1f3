"""Sign-ins that take several messages, kept by the connection they come on until they end or are given up.

What is shown on a connection is believed for that one attempt and never for the connection: each ends in a token.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from certify_core.errors import AccessRefused
from certify_core.sign_ins import Handshake, SignIn

SECONDS = 30.0
"""So long after its last message an attempt is given up."""
KEPT = 1000
"""So many attempts are under way at most; the oldest is given up first."""
Connection = tuple[str, int]
"""The client's address and port."""


@dataclass(slots=True)
class _Attempt:
    handshake: Handshake
    scheme: str
    until: float


class Handshakes:
    """All attempts that are under way."""

    def __init__(self, sign_ins: Iterable[SignIn], clock: Callable[[], float] = time.monotonic) -> None:
        self._by_scheme = {scheme.lower(): (scheme, item) for item in sign_ins for scheme in item.schemes}
        self._attempts: OrderedDict[Connection, _Attempt] = OrderedDict()
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def schemes(self) -> list[str]:
        """What is understood, the better first; empty if no plugin offers any."""
        return [scheme for scheme, _ in self._by_scheme.values()]

    def take(self, connection: Connection, scheme: str) -> Handshake | None:
        """Return the attempt of a connection, or a new one; None if the scheme is not understood.

        Raises:
            LocalFault: this machine is not set up for it.
        """
        known = self._by_scheme.get(scheme.lower())
        if known is None:
            return None
        with self._lock:
            attempt = self._attempts.pop(connection, None)
        if attempt is not None and attempt.scheme == known[0] and attempt.until > self._clock():
            return attempt.handshake
        return known[1].begin(known[0])

    def keep(self, connection: Connection, scheme: str, handshake: Handshake) -> None:
        """Wait for the next message of an attempt."""
        name = self._by_scheme[scheme.lower()][0]
        with self._lock:
            self._attempts[connection] = _Attempt(handshake, name, self._clock() + SECONDS)
            while len(self._attempts) > KEPT:
                self._attempts.popitem(last=False)


def parse_message(header: str) -> tuple[str, bytes]:
    """Return scheme and message of an Authorization header (RFC 4559 section 4.2).

    Raises:
        AccessRefused: it holds no message.
    """
    scheme, _, text = header.partition(" ")
    try:
        message = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        message = b""
    if not message:
        raise AccessRefused("The sign-in's message is damaged.", "Begin anew.")
    return scheme, message


def challenge(scheme: str, message: bytes) -> str:
    """Return the header that carries our message."""
    return f"{scheme} {base64.b64encode(message).decode()}" if message else scheme
