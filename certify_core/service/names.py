"""The names and addresses by which clients may call the API: the loopback's, and those of what it listens on beside.

Temporary addresses (RFC 8981) are none of them: they are for calling others, and change every day.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

from certify_core.service.listen import EVERY, is_loopback

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_IPV6_ADDRESSES = Path("/proc/net/if_inet6")
_TEMPORARY = 0x01
"""IFA_F_TEMPORARY of rtnetlink(7)."""


def names_of(host: str) -> tuple[str, ...]:
    """Return the names for a host that is listened on, in lower case and each once."""
    found = dict.fromkeys(name.strip("[]").lower() for name in (*LOOPBACK, host, *_of_the_machine(host)))
    return tuple(name for name in found if name not in EVERY and name.isascii())


def _of_the_machine(host: str) -> Iterator[str]:
    """Yield the machine's own names, and if it is listened on all addresses of a family, those too."""
    if is_loopback(host):
        return
    yield from _called()
    if host.strip("[]") in EVERY:
        import psutil

        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        temporary = temporary_addresses(_IPV6_ADDRESSES) if family is socket.AF_INET6 else ()
        for interface in psutil.net_if_addrs().values():
            found = (item.address for item in interface if item.family is family and "%" not in item.address)
            yield from (address for address in found if address not in temporary)


def temporary_addresses(table: Path) -> set[str]:
    """Return the temporary addresses in a table of the form of Linux's if_inet6 (proc_net(5)); none without it."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return set()
    return {str(ipaddress.IPv6Address(int(row[0], 16))) for row in rows if int(row[4], 16) & _TEMPORARY}


@functools.cache
def _called() -> tuple[str, str]:
    """Return what the machine calls itself, short and in full; asked once, as DNS that is silent takes its time."""
    return socket.gethostname(), socket.getfqdn()
