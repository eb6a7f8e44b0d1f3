"""Bytes sent to an HTTP server as they are, and what comes back: for requests that no decent client would make."""

from __future__ import annotations

import socket

CHALLENGES = "/.well-known/acme-challenge/"


def exchange(port: int, sent: bytes, *, host: str = "127.0.0.1") -> bytes:
    """Send, end the sending side, and return all that is answered until the server closes."""
    with socket.create_connection((host, port), 10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return received_until_closed(connection)


def request(port: int, target: str, *, method: str = "GET", host: str = "127.0.0.1") -> bytes:
    """Return the whole answer to a request."""
    return exchange(port, f"{method} {target} HTTP/1.1\r\nHost: app.test\r\n\r\n".encode(), host=host)


def get_token(port: int, token: str, *, host: str = "127.0.0.1") -> bytes:
    """Return the whole answer to the request for a challenge's token."""
    return request(port, CHALLENGES + token, host=host)


def received_until_closed(connection: socket.socket) -> bytes:
    """Return what is received until the other side closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def status(answer: bytes) -> int:
    """Return an answer's status."""
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> bytes:
    """Return an answer's body."""
    return answer.partition(b"\r\n\r\n")[2]


def is_open(port: int, *, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on a port; one that is being closed may end a connection that waits there already."""
    try:
        socket.create_connection((host, port), 5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True
