"""Measures whether a temporary web server of this process can be reached and its answers come through unchanged.

It listens like the one for http-01 challenges, but on a free port: the real one belongs to orders.
"""

from __future__ import annotations

import http.client
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

from certify_av_checks.interference import Interference

PATH = "/.well-known/acme-challenge/"
TIMEOUT = 5.0


def probe_listener() -> list[Interference]:
    """Start a web server, fetch a challenge's answer from it, and return what somebody did to that."""
    token, answer = uuid.uuid4().hex, f"{uuid.uuid4().hex}.antivirus-check"
    try:
        server = _Server(token, answer)
    except OSError as error:
        return [_blocked(f"It could not listen: {error.strerror or error}.")]
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            return _fetched(server.server_port, token, answer)
        finally:
            server.shutdown()


def _fetched(port: int, token: str, answer: str) -> list[Interference]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", PATH + token)
        response = connection.getresponse()
        body = response.read(4096)
    except (OSError, http.client.HTTPException) as error:
        return [_blocked(f"Fetching from it over the loopback failed: {error}.")]
    finally:
        connection.close()
    if (response.status, body) == (http.client.OK, answer.encode()):
        return []
    return [
        Interference(
            "listener-altered",
            "Somebody answers in place of the temporary web server for challenges, or alters what it says.",
            f"A challenge's answer fetched over the loopback came back with status {response.status} "
            f"and {len(body)} octets that are not it.",
        )
    ]


def _blocked(evidence: str) -> Interference:
    return Interference(
        "listener-blocked", "Somebody keeps the temporary web server for challenges from being reached.", evidence
    )


class _Server(HTTPServer):
    """Answers one challenge."""

    def __init__(self, token: str, answer: str) -> None:
        self.path, self.answer = PATH + token, answer.encode()
        super().__init__(("0.0.0.0", 0), _Handler)  # noqa: S104 - as the real one: that is what is measured

    def server_bind(self) -> None:
        """Bind without asking DNS for the machine's name, as the base class does."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Give the answer to the challenge and to nothing else."""
        known = self.path == self.server.path
        body = self.server.answer if known else b""
        self.send_response(http.client.OK if known else http.client.NOT_FOUND)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
