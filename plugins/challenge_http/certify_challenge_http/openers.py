"""The ways to answer on a port: through Windows' HTTP service, where that is, and by sockets of our own."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from certify_challenge_http.http_sys import HttpSysServer
from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.message import Find
from certify_challenge_http.ports import EVERY_ADDRESS, NO_SUCH_FAMILY, listening_sockets, port_fault
from certify_challenge_http.server import BACKLOG, MAX_CONNECTIONS, PATIENCE, Server
from certify_core.api import LocalFault

_log = logging.getLogger(__name__)


class Serving(Protocol):
    """Something that answers until it is closed."""

    def close(self) -> None:
        """Give the port back."""


class Opener(Protocol):
    """A way to answer on a port."""

    def open(self, port: int, find: Find) -> Serving:
        """Answer from now on.

        Raises:
            LocalFault: the port cannot be had.
        """

    def look(self, port: int) -> None:
        """Return if the port could be had now.

        Raises:
            LocalFault: the port cannot be had.
        """


class Sockets:
    """Listens itself; `patience` (seconds) and `max_connections` are the server's."""

    def __init__(self, *, patience: float = PATIENCE, max_connections: int = MAX_CONNECTIONS) -> None:
        self._patience = patience
        self._max_connections = max_connections

    def open(self, port: int, find: Find) -> Serving:
        """Listen on all addresses."""
        sockets = listening_sockets(port, BACKLOG)
        with ExitStack() as unless_served:
            for opened in sockets:
                unless_served.enter_context(opened)
            try:
                server = Server(sockets, find, self._patience, self._max_connections)
            except OSError as error:
                raise port_fault(port, error) from error
            unless_served.pop_all()
        return server

    def look(self, port: int) -> None:
        """Try without listening: a web server that starts meanwhile gets the port."""
        for family, address in EVERY_ADDRESS.items():
            try:
                with socket.socket(family) as probe:
                    if os.name == "posix":  # elsewhere it means that a port may be had twice
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family is socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((address, port))
            except OSError as error:
                if error.errno not in NO_SUCH_FAMILY:
                    raise port_fault(port, error) from error


class SharedPort:
    """Has http.sys answer on its port, and listens by sockets where that is refused and the port is free."""

    def __init__(self, shared: Callable[[int, Find], Serving] = HttpSysServer, own: Opener | None = None) -> None:
        self._shared = shared
        self._own = own or Sockets()

    def open(self, port: int, find: Find) -> Serving:
        """Share the port, or listen on it alone."""
        try:
            return self._shared(port, find)
        except HttpSysRefused as refused:
            try:
                server = self._own.open(port, find)
            except LocalFault as fault:
                raise _telling(refused, fault) from fault
            _log.info("Port %d is listened on directly: %s", port, refused.cause)
            return server

    def look(self, port: int) -> None:
        """Register the prefix, which disturbs nobody, and give it back."""
        try:
            self._shared(port, lambda _: None).close()
        except HttpSysRefused as refused:
            try:
                self._own.look(port)
            except LocalFault as fault:
                raise _telling(refused, fault) from fault


def _telling(refused: HttpSysRefused, fault: LocalFault) -> LocalFault:
    """Return the one of two faults that names who is in the way: of http.sys's own ports a socket knows nothing."""
    return fault if refused.leaves_the_port else refused


def default_opener() -> Opener:
    """Return this system's way."""
    return SharedPort() if os.name == "nt" else Sockets()
