"""The names and addresses by which clients may call the API: the loopback's, and those of what it listens on beside."""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterator

from certify_core.service.listen import EVERY, is_loopback

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def names_of(host: str) -> tuple[str, ...]:
    """Return the names for a host that is listened on, in lower case and each once."""
    found = dict.fromkeys(name.strip("[]").lower() for name in (*LOOPBACK, host, *_of_the_machine(host)))
    return tuple(name for name in found if name not in EVERY and name.isascii())


def _of_the_machine(host: str) -> Iterator[str]:
    """Yield the machine's own names, and if it is listened on all addresses, those too."""
    if is_loopback(host):
        return
    yield from _called()
    if host.strip("[]") in EVERY:
        import psutil

        families = {socket.AF_INET, socket.AF_INET6}
        for interface in psutil.net_if_addrs().values():
            yield from (item.address for item in interface if item.family in families and "%" not in item.address)


@functools.cache
def _called() -> tuple[str, str]:
    """Return what the machine calls itself, short and in full; asked once, as DNS that is silent takes its time."""
    return socket.gethostname(), socket.getfqdn()
