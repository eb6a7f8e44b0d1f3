"""Asking http.sys."""

from __future__ import annotations

import socket

from certify_challenge_http.fetching import fetch


def asked(port: int, token: str) -> tuple[int, bytes]:
    """Return status and body of the answer for a token."""
    return fetch(port, "app.test", token)


def answer_at_once(port: int, request: str) -> bytes:
    """Send a request line and headers; return what is answered at once."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"{request}\r\nHost: app.test:{port}\r\n\r\n".encode())
        return connection.recv(65_536)
