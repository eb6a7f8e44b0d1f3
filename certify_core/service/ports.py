"""The API's port: taken by somebody else it is named with its holder, and the next free one is used instead."""

from __future__ import annotations

import errno
import os
import socket

from certify_core.errors import LocalFault
from certify_core.health.ports import holder_of
from certify_core.service.listen import addresses, bind
from certify_core.service.recognition import Kind, who_answers
from certify_core.service.servers import Server

TRIES = 100
"""So many ports after the wanted one are tried."""


def open_port(host: str, port: int, *, may_move: bool) -> tuple[list[socket.socket], str]:
    """Return listening sockets, and why they are not on `port` if they are not.

    Raises:
        LocalFault: the port is taken, and no other may be used or is free; says by whom.
    """
    try:
        return bind(host, port), ""
    except LocalFault as error:
        if not is_taken(error):
            raise
        taken = f"Port {port} is held by {describe_holder(host, port)}."
        if not may_move:
            raise LocalFault(
                f"The API cannot listen on {host} port {port}. {taken}",
                'Stop that program, or set another "port" in serviceconfig.json (certify config set port 9697).',
            ) from error
    for other in range(port + 1, min(port + TRIES, 65_535) + 1):
        try:
            return bind(host, other), taken
        except LocalFault as error:
            if not is_taken(error):
                raise
    raise LocalFault(f"{taken} None of the {TRIES} ports after it is free.", "Set a free one: certify config set port")


def describe_holder(host: str, port: int) -> str:
    """Return who holds a port, and what it says when it is asked."""
    holder = holder_of(port) or "a program of another user"
    for address in addresses(host):
        answerer = who_answers(address, Server(host, port), timeout=1.0)
        if answerer.kind is Kind.OTHER:
            return f"{holder}, which is another Certify service"
        if answerer.kind is not Kind.NOBODY:
            return f"{holder}, {answerer.kind.value}"
    return holder


def is_taken(fault: LocalFault) -> bool:
    """Whether somebody else has the port for which `bind` has failed."""
    reason = fault.__cause__
    if not isinstance(reason, OSError):
        return False
    # Windows calls a port that its holder wants for itself, or that is reserved, "access denied".
    return reason.errno == errno.EADDRINUSE or (os.name == "nt" and reason.errno == errno.EACCES)
