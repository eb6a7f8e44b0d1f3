"""Fetching a challenge's answer through the loopback, as the authority will from outside."""

from __future__ import annotations

import socket
import time

from certify_challenge_http.message import PREFIX

TIMEOUT = 5.0
"""Seconds for the whole exchange."""
MAX_ANSWER = 65_536


def fetch(port: int, host: str, token: str) -> tuple[int, bytes]:
    """Return status and body of the answer for a token.

    Raises:
        OSError: nothing listens there, or it does not answer in time.
    """
    deadline = time.monotonic() + TIMEOUT
    request = b"GET %s%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: Certify\r\n\r\n" % (
        PREFIX,
        token.encode(),
        host.encode(),
    )
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.sendall(request)
        answer = b""
        while len(answer) < MAX_ANSWER:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            part = connection.recv(MAX_ANSWER)
            if not part:
                break
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return (int(status[0]) if status and status[0].isdigit() else 0), body
