"""Keeps http.sys as Wine plays it awake, which otherwise falls deaf now and then.

Wine's driver has one thread that sleeps until something happens to a socket, and then takes one connection from each
port. If that finds none there, because a stale event woke it, Wine never tells it of the port's next connections: who
connects is not answered any more. Whatever wakes the thread heals that, since it then tries each port again; so a
connection that is never done with its request sends a byte of it now and then. Windows needs none of this.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from certify_challenge_http.http_sys import HttpSysServer
from tests.support.ports import free_port

PAUSE = 0.1
"""Seconds that a connection waits at most."""


@contextmanager
def awake() -> Iterator[None]:
    """Wake http.sys time and again while the `with` block runs."""
    port, ended = free_port(), threading.Event()
    server = HttpSysServer(port, lambda _: None)
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        thread = threading.Thread(target=_wake, args=(connection, ended), name="waking http.sys", daemon=True)
        thread.start()
        yield
        ended.set()
        thread.join()
    server.close()


def _wake(connection: socket.socket, ended: threading.Event) -> None:
    with suppress(ConnectionError):
        while not ended.wait(PAUSE):
            connection.sendall(b"G")
