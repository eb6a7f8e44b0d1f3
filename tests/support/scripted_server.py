"""A web server that does what a test tells it, good or bad: any status and header, silence, or a broken connection."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An ordinary answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reset:
    """The connection is reset instead of an answer."""


@dataclass(frozen=True)
class Silence:
    """The connection stays open and nothing comes."""


@dataclass(frozen=True)
class Trickle:
    """The body comes one octet at a time, without end."""

    pause: float = 0.02


Behaviour = Reply | Reset | Silence | Trickle


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def signed(self, part: str) -> Any:
        """Return a part of the JWS in the body, ``protected`` or ``payload``; None if it is empty."""
        text = json.loads(self.body)[part]
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return json.loads(octets) if octets else None


def json_reply(document: object, status: int = 200, **headers: str) -> Reply:
    """Return an answer in JSON; headers are written with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"} | named)


def problem_reply(kind: str, status: int, detail: str = "told so", *, more: object = None, **headers: str) -> Reply:
    """Return an ACME problem document; `more` are further members of it."""
    document = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, "status": status}
    document |= more if isinstance(more, dict) else {}
    return json_reply(document, status, Content_Type="application/problem+json", **headers)


class ScriptedServer:
    """Listens on the loopback while its `with` block runs; every answer carries a new nonce."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        """Bind a free port; with `certificate` (chain and key as PEM files) it speaks TLS."""
        self.received: list[Received] = []
        self._scripts: dict[str, list[Behaviour]] = {}
        self._nonces = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def on(self, path: str, *behaviours: Behaviour) -> None:
        """Script the answers for a path, one after the other; the last one stays."""
        self._scripts[path] = list(behaviours)

    def on_acme(self) -> str:
        """Script a directory with its nonces; return its address."""
        names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order"}
        self.on("/dir", json_reply({name: f"{self.url}/{path}" for name, path in names.items()}))
        self.on("/nonce", Reply())
        return f"{self.url}/dir"

    def requests(self, path: str) -> Sequence[Received]:
        """Return what came in for a path so far."""
        return [request for request in self.received if request.path == path]

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, request: Received) -> tuple[Behaviour, str]:
        with self._lock:
            self.received.append(request)
            self._nonces += 1
            script = self._scripts.get(request.path) or [Reply(404)]
            behaviour = script.pop(0) if len(script) > 1 else script[0]
            return behaviour, f"nonce-{self._nonces}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True  # the client has had enough

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Received(self.command, self.path, dict(self.headers), body)
                behaviour, nonce = script._next(request)
                match behaviour:
                    case Reply():
                        self._reply(behaviour, nonce)
                    case Trickle():
                        self._trickle(behaviour)
                    case Silence():
                        script._ended.wait()
                        self.close_connection = True
                    case Reset():
                        linger = struct.pack("ii", 1, 0)  # closing then sends a reset
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        self.close_connection = True

            do_HEAD = do_POST = do_GET

            def _reply(self, reply: Reply, nonce: str) -> None:
                self.send_response_only(reply.status)  # no Date of its own
                for name, value in {"Replay-Nonce": nonce, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            def _trickle(self, trickle: Trickle) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                while not script._ended.wait(trickle.pause):
                    self.wfile.write(b" ")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that breaks off is part of the tests."""
