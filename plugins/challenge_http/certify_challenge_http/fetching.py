"""Fetching a challenge's answer through the loopback, as the authority will from outside."""

from __future__ import annotations

import socket
import time

from certify_challenge_http.message import PREFIX

TIMEOUT = 5.0
"""Seconds for connecting, and then for the whole exchange."""
MAX_ANSWER = 65_536


def fetch(port: int, host: str, token: str) -> tuple[int, bytes]:
    """Return status and body of the answer for a token; status 0 if what answers does not speak HTTP.

    Asks by HTTP/1.0, so that no server sends the body in chunks (RFC 9112 section 6.1). `token` has to be base64url.

    Raises:
        OSError: nothing listens there, or it does not answer in time.
    """
    request = b"GET %s%s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\nUser-Agent: Certify\r\n\r\n" % (
        PREFIX,
        token.encode(),
        (f"[{host}]" if ":" in host else host).encode(),
    )
    with _connect(port) as connection:
        connection.sendall(request)
        answer = _read_all(connection, time.monotonic() + TIMEOUT)
    head, _, body = answer.partition(b"\r\n\r\n")
    protocol, _, rest = head.partition(b" ")
    status = rest[:3]
    return (int(status) if protocol.startswith(b"HTTP/1.") and status.isdigit() else 0), body


def _connect(port: int) -> socket.socket:
    try:
        return socket.create_connection(("127.0.0.1", port), TIMEOUT)
    except OSError as error:
        # A machine may have IPv6 alone, or a web server may listen there only.
        try:
            return socket.create_connection(("::1", port), TIMEOUT)
        except OSError:
            raise error from None


def _read_all(connection: socket.socket, deadline: float) -> bytes:
    answer = b""
    while len(answer) < MAX_ANSWER:
        if (left := deadline - time.monotonic()) <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left)
        part = connection.recv(MAX_ANSWER)
        if not part:
            break
        answer += part
    return answer
