"""Opening a port on every address of the machine, and saying who holds it if that fails."""

from __future__ import annotations

import errno
import logging
import socket
from functools import cache

from certify_core.api import LocalFault

_log = logging.getLogger(__name__)
EVERY_ADDRESS = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - the authority comes from outside
NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}


def listening_sockets(port: int, backlog: int) -> list[socket.socket]:
    """Return sockets on all IPv4 and all IPv6 addresses; on a machine that has only one of the two, on these.

    Raises:
        LocalFault: the port is taken (says by whom) or may not be used.
    """
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in EVERY_ADDRESS.items():
        try:
            # create_server keeps an IPv6 socket to IPv6 (IPV6_V6ONLY), so that both can have the same port.
            sockets.append(socket.create_server((address, port), family=family, backlog=backlog))
        except OSError as error:
            if error.errno in NO_SUCH_FAMILY:
                _log_missing(port, family)
                missing = error
                continue
            for opened in sockets:
                opened.close()
            raise port_fault(port, error) from error
    if not sockets and missing is not None:
        raise port_fault(port, missing) from missing
    return sockets


@cache
def _log_missing(port: int, family: socket.AddressFamily) -> None:
    """Say it once: the port is opened again for every order, and the machine stays as it is."""
    _log.info("There is no %s here: challenges on port %d are answered without", family.name, port)


def port_fault(port: int, error: OSError) -> LocalFault:
    """Return, in words, why a port cannot be listened on."""
    holder = holder_of(port)
    # Windows calls it "access denied" when the holder wants the port for itself, as IIS does.
    if error.errno == errno.EADDRINUSE or (error.errno == errno.EACCES and holder):
        return LocalFault(
            f"Port {port} is held by {holder or 'another program'}.",
            "Stop it, set the challenge parameter port and forward port 80 there, or use the webroot provider.",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return LocalFault(
            f"This user may not listen on port {port}.",
            "Run the service as root or LocalSystem, give it CAP_NET_BIND_SERVICE, or set the parameter port.",
        )
    return LocalFault(
        f"Port {port} cannot be opened: {error.strerror or error}.", "Mend that, or use the webroot provider."
    )


def holder_of(port: int) -> str:
    """Return who listens on a port, for people to read: ``nginx (pid 412)``; nothing if that is not to be seen."""
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
        return " and ".join(f"{psutil.Process(pid).name()} (pid {pid})" for pid in sorted(pids))
    except (psutil.Error, OSError, RuntimeError):  # the last one where Windows does not give its table
        return ""
