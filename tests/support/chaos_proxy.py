"""A reverse proxy in front of an ACME server that does harm where it is told to.

It keeps the Host header, so that the server's addresses lead back through it. One fault is armed at a time: it strikes
the next request whose path begins as told, once; everything else passes unharmed.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3

from tests.support.certificates import CertificateAuthority
from tests.support.scripted_server import Reply

DROPPED = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    status: int | None = None
    """An answer of the proxy's own with this status; None breaks the connection."""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False
    """Whether the server hears the request first, so that only its answer is lost."""


class ChaosProxy:
    """Listens on the loopback while its `with` block runs."""

    def __init__(self, folder: Path, upstream: str, upstream_roots: Path) -> None:
        self._upstream = upstream.removesuffix("/dir")
        self._http = urllib3.PoolManager(ca_certs=str(upstream_roots), retries=False, timeout=30, maxsize=40)
        self._armed: tuple[str, Fault] | None = None
        self._lock = threading.Lock()
        authority = CertificateAuthority()
        bundle = authority.issue("localhost", "127.0.0.1")
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_bundle = folder / "proxy-root.pem"
        self.ca_bundle.write_text(authority.root_pem)
        (folder / "proxy.pem").write_text(bundle.fullchain_pem + bundle.private_key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "proxy.pem")
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.directory = f"https://127.0.0.1:{self._server.server_address[1]}/dir"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def instead(self, path: str, body: bytes) -> Reply | None:
        """Return an answer of the proxy's own; None lets the request through. For subclasses."""

    def passed_on(self, path: str, body: bytes) -> bytes:
        """Return what becomes of the body of an answer. For subclasses."""
        return body

    def arm(self, path: str, fault: Fault) -> None:
        """Let a fault strike the next request whose path begins so."""
        with self._lock:
            self._armed = (path, fault)

    @property
    def struck(self) -> bool:
        """Whether the armed fault has struck."""
        return self._armed is None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _strike(self, path: str) -> Fault | None:
        with self._lock:
            if self._armed is None or not path.startswith(self._armed[0]):
                return None
            fault, self._armed = self._armed[1], None
            return fault

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = proxy._strike(self.path)
                if fault is not None and not fault.after:
                    self._harm(fault)
                    return
                own = proxy.instead(self.path, body)
                if own is not None:
                    self._send(own.status, dict(own.headers), own.body)
                    return
                answer = proxy._http.request(
                    self.command, proxy._upstream + self.path, body=body, headers=dict(self.headers), redirect=False
                )
                if fault is not None:
                    self._harm(fault)
                    return
                self._send(answer.status, dict(answer.headers), proxy.passed_on(self.path, answer.data))

            do_GET = do_POST = do_HEAD = _handle

            def _harm(self, fault: Fault) -> None:
                if fault.status is None:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(fault.status, dict(fault.headers), b"")

            def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in DROPPED:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if self.command != "HEAD" else b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    """Many clients at once, and no word about those that go away."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""
