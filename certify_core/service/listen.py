"""The sockets of the API: on the loopback, IPv4 and IPv6 alike when the host is `localhost`, or on another address.

That another address is encrypted is for the settings to see to, and who may come in for the guard.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket

from certify_core.errors import InvalidInput, LocalFault

BACKLOG = 512
EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what the settings allow with HTTPS alone
"""Addresses that stand for all of a family, each with the one by which this machine reaches itself."""
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""What a machine without IPv6 says; that is no reason not to start."""


def loopback_addresses(host: str) -> list[str]:
    """Return the addresses to bind for a host of this machine alone.

    Raises:
        InvalidInput: the host is not a loopback one.
    """
    if host.lower() == "localhost":
        return ["127.0.0.1", "::1"]
    address = _address(host)
    if address is None or not address.is_loopback:
        raise InvalidInput(
            "host",
            f"The service listens on this machine only, and {host} is not a loopback address.",
            'Set "host" in serviceconfig.json to localhost or 127.0.0.1.',
        )
    return [str(address)]


def is_loopback(host: str) -> bool:
    """Whether a host is one of this machine alone."""
    try:
        loopback_addresses(host)
    except InvalidInput:
        return False
    return True


def addresses(host: str) -> list[str]:
    """Return the addresses to bind for a host.

    Raises:
        LocalFault: it is a name that has no address.
    """
    if is_loopback(host):
        return loopback_addresses(host)
    if (address := _address(host)) is not None:
        return [str(address)]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LocalFault(
            f"The API cannot listen on {host}: the name has no address ({getattr(error, 'strerror', None) or error}).",
            'Mend it, or set "host" in serviceconfig.json to an address of this machine.',
        ) from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for host and port; with port 0 all on the same free one.

    A port that is free on one of two addresses only is taken: whoever holds the other would get our clients' tokens.

    Raises:
        LocalFault: the port is taken or may not be used, or the host is none of this machine's.
    """
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for address in addresses(host):
            try:
                listener = _listener(address, sockets[0].getsockname()[1] if sockets else port)
            except OSError as error:
                if sockets and error.errno in _NO_IPV6:
                    continue
                raise LocalFault(
                    f"The API cannot listen on {address} port {port}: {error.strerror or error}.",
                    'Stop the program that holds the port, or set another "port" in serviceconfig.json.',
                ) from error
            sockets.append(opened.enter_context(listener))
        opened.pop_all()
    return sockets


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=BACKLOG)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
