"""Asking http.sys as Wine plays it: on a loaded machine it loses a request now and then, which is then sent again.

Windows loses none. What is proven stays the same: who asks is answered, and what is wrong stays wrong.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from certify_challenge_http.fetching import fetch

TRIES = 5
T = TypeVar("T")


def persistently(ask: Callable[[], T]) -> T:
    """Return what `ask` returns; it is called again when it times out or its connection breaks."""
    for _ in range(TRIES - 1):
        with suppress(TimeoutError, ConnectionError):
            return ask()
    return ask()


def asked(port: int, token: str) -> tuple[int, bytes]:
    """Return status and body of the answer for a token."""
    return persistently(lambda: _fetched(port, token))


def answer_at_once(port: int, request: str) -> bytes:
    """Send a request line and headers; return what is answered at once.

    Raises:
        ConnectionError: nothing is.
    """
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"{request}\r\nHost: app.test:{port}\r\n\r\n".encode())
        if answer := connection.recv(65_536):
            return answer
    raise ConnectionError("closed without an answer")


def _fetched(port: int, token: str) -> tuple[int, bytes]:
    answered = fetch(port, "app.test", token)
    if not answered[0]:
        raise ConnectionError("closed without an answer")
    return answered
