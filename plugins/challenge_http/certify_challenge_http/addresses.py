"""Where web servers of this machine are asked: on the loopback, and where Windows' HTTP service was told to listen."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from certify_challenge_http import httpapi
from certify_challenge_http.http_sys_configuration import listen_addresses

LOOPBACK = ("127.0.0.1", "::1")
EVERY = ("0.0.0.0", "::")  # noqa: S104 - as http.sys is told


def own_addresses(load: Callable[[], Any] | None = httpapi.load if os.name == "nt" else None) -> tuple[str, ...]:
    """Return addresses to connect to, in this order; `load` is `httpapi.load` where there is http.sys."""
    if load is None:
        return LOOPBACK
    try:
        listed = listen_addresses(load())
    except OSError:
        return LOOPBACK  # http.sys is off, and so is not who answers
    return (*LOOPBACK, *(address for address in listed if address not in {*LOOPBACK, *EVERY}))
