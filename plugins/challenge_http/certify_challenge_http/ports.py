"""Opening a port on every address of the machine, and saying who holds it if that fails."""

from __future__ import annotations

import errno
import logging
import socket

from certify_core.api import LocalFault

_log = logging.getLogger(__name__)
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}


def listening_sockets(port: int, backlog: int) -> list[socket.socket]:
    """Return sockets on all IPv4 and, where there is IPv6, all IPv6 addresses.

    Raises:
        LocalFault: the port is taken (says by whom) or may not be used.
    """
    sockets: list[socket.socket] = []
    try:
        sockets.append(socket.create_server(("0.0.0.0", port), backlog=backlog))  # noqa: S104 - the authority comes from outside
        if socket.has_ipv6:
            sockets.append(_ipv6_socket(port, backlog))
    except OSError as error:
        if error.errno in _NO_IPV6 and sockets:
            _log.info("There is no IPv6 here: challenges are answered over IPv4 alone")
            return sockets
        for opened in sockets:
            opened.close()
        raise _fault(port, error) from error
    return sockets


def _ipv6_socket(port: int, backlog: int) -> socket.socket:
    # create_server keeps an IPv6 socket to IPv6 (IPV6_V6ONLY), so that both can have the same port.
    return socket.create_server(("::", port), family=socket.AF_INET6, backlog=backlog)


def _fault(port: int, error: OSError) -> LocalFault:
    if error.errno == errno.EADDRINUSE:
        return LocalFault(
            f"Port {port} is held by {holder_of(port)}.",
            "Stop it, set the challenge parameter port and forward port 80 there, or use the webroot provider.",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return LocalFault(
            f"This user may not listen on port {port}.",
            "Run the service as root or LocalSystem, give it CAP_NET_BIND_SERVICE, or set the parameter port.",
        )
    return LocalFault(f"Port {port} cannot be opened: {error.strerror or error}.", "Set the parameter port.")


def holder_of(port: int) -> str:
    """Return who listens on a port, for people to read: ``nginx (pid 412)``."""
    import psutil

    try:
        pids = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        }
        found = [f"{psutil.Process(pid).name()} (pid {pid})" for pid in sorted(pids)]
    except psutil.Error:
        found = []
    return " and ".join(found) or "another program"
