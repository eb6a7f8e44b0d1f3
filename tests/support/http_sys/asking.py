"""Asking http.sys as Wine plays it: on a loaded machine it loses a request now and then, which is then sent again.

Windows loses none. What is proven stays the same: who asks is answered, and what is wrong stays wrong.
"""

from __future__ import annotations

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
    return persistently(lambda: fetch(port, "app.test", token))
