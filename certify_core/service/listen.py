"""The sockets of the API: loopback only, IPv4 and IPv6 alike when the host is `localhost`."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket

from certify_core.errors import InvalidInput, LocalFault

BACKLOG = 512
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""What a machine without IPv6 says; that is no reason not to start."""


def loopback_addresses(host: str) -> list[str]:
    """Return the addresses to bind for a host.

    Raises:
        InvalidInput: the host is not a loopback one.
    """
    if host.lower() == "localhost":
        return ["127.0.0.1", "::1"]
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise InvalidInput(
            "host",
            f"The service listens on this machine only, and {host} is not a loopback address.",
            'Set "host" in serviceconfig.json to localhost or 127.0.0.1.',
        )
    return [str(address)]


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for host and port; with port 0 all on the same free one.

    A port that is free on one of two addresses only is taken: whoever holds the other would get our clients' tokens.

    Raises:
        InvalidInput: the host is not a loopback one.
        LocalFault: the port is taken or may not be used.
    """
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for address in loopback_addresses(host):
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
