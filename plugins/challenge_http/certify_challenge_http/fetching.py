"""Fetching a challenge's answer from this machine, as the authority will from outside."""

from __future__ import annotations

import contextlib
import re
import socket
import time

from certify_challenge_http.addresses import own_addresses
from certify_challenge_http.message import PREFIX

TIMEOUT = 5.0
"""Seconds for connecting, and then for the whole exchange."""
MAX_ANSWER = 65_536
HTTP_PORT = 80
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*(\d{1,9})[ \t]*(?:\r\n|$)", re.IGNORECASE)


def fetch(port: int, host: str, token: str) -> tuple[int, bytes]:
    """Return status and body of the answer for a token; status 0 if what answers does not speak HTTP.

    Asks by HTTP/1.0, so that no server sends the body in chunks (RFC 9112 section 6.1). `token` has to be base64url.

    Raises:
        OSError: nothing listens there, or it does not answer in time.
    """
    name = f"[{host}]" if ":" in host else host
    request = b"GET %s%s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\nUser-Agent: Certify\r\n\r\n" % (
        PREFIX,
        token.encode(),
        (name if port == HTTP_PORT else f"{name}:{port}").encode(),
    )
    with _connect(port) as connection:
        connection.sendall(request)
        answer = _read_all(connection, time.monotonic() + TIMEOUT)
    head, _, body = answer.partition(_END)
    protocol, _, rest = head.partition(b" ")
    status = rest[:3]
    return (int(status) if protocol.startswith(b"HTTP/1.") and status.isdigit() else 0), body


def _connect(port: int) -> socket.socket:
    """Connect to the first of our addresses where somebody listens; a machine may have IPv6 alone, or none of the two
    on the loopback.
    """
    first, *others = own_addresses()
    try:
        return socket.create_connection((first, port), TIMEOUT)
    except OSError as error:
        for address in others:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, port), TIMEOUT)
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
        if _is_whole(answer):
            break
    return answer


def _is_whole(answer: bytes) -> bool:
    """Whether the body is as long as the headers say: not every server closes when it is asked to."""
    head, end, body = answer.partition(_END)
    length = _LENGTH.search(head)
    return bool(end) and length is not None and len(body) >= int(length[1])
