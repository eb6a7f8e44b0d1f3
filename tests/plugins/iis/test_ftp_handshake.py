"""An FTP site is asked for its certificate too; a server of ours speaks as much FTP as that takes, and real TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_iis.bindings import Binding
from certify_iis.handshake import wait_until_shown
from certify_iis.target import IisTarget
from tests.plugins.iis.conftest import Machine, Parameters
from tests.plugins.iis.sites import site

Serve = Callable[..., int]


class FtpServer:
    """Answers one client after the other until it is closed."""

    def __init__(self, context: ssl.SSLContext, replies: dict[str, str]) -> None:
        self._context, self._replies = context, replies
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.heard: list[str] = []
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):  # wakes the thread up, where a close alone does not
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.sendall(self._replies.get("", "220 ready\r\n").encode())
        try:
            while line := self._line(connection):
                self.heard.append(line)
                reply = self._replies.get(
                    line.partition(" ")[0], "234 go on\r\n" if line == "AUTH TLS" else "220 ok\r\n"
                )
                connection.sendall(reply.encode())
                if reply.startswith("234"):
                    self._context.wrap_socket(connection, server_side=True).close()
                    return
        except OSError:
            return

    def _line(self, connection: socket.socket) -> str:
        line = b""
        while not line.endswith(b"\r\n") and (more := connection.recv(1)):
            line += more
        return line.decode().strip()


@pytest.fixture
def servers() -> Iterator[list[FtpServer]]:
    """All that a test has started."""
    started: list[FtpServer] = []
    yield started
    for server in started:
        server.close()


@pytest.fixture
def serve(servers: list[FtpServer], bundle: CertificateBundle, tmp_path: Path) -> Serve:
    """Start a server that shows the certificate; keywords are commands and what it replies to them."""

    def start(**replies: str) -> int:
        (tmp_path / "ftp.pem").write_text(bundle.certificate_pem + bundle.private_key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "ftp.pem")
        servers.append(FtpServer(context, replies))
        return servers[-1].port

    return start


def see(port: int, thumbprint: str, *, host: str = "") -> None:
    """Ask the binding on a port of this machine."""
    binding = Binding("ftp", f"127.0.0.1:{port}:{host}")
    wait_until_shown(site(binding), binding, thumbprint, ("app.test",), 1)


def test_the_certificate_is_seen_after_auth_tls(serve: Serve, bundle: CertificateBundle) -> None:
    see(serve(), bundle.thumbprint)


def test_a_greeting_of_several_lines_is_read_to_its_end(serve: Serve, bundle: CertificateBundle) -> None:
    see(serve(**{"": "220-Welcome\r\n 221 is no end\r\n220 ready\r\n"}), bundle.thumbprint)


def test_the_host_of_the_binding_is_asked_for(
    serve: Serve, servers: list[FtpServer], bundle: CertificateBundle
) -> None:
    see(serve(), bundle.thumbprint, host="ftp.app.test")
    assert servers[0].heard == ["HOST ftp.app.test", "AUTH TLS"]


def test_another_certificate_is_told(serve: Serve, bundle: CertificateBundle) -> None:
    with pytest.raises(DeploymentFailed, match=f"shows the certificate {bundle.thumbprint}, not {'A' * 40}"):
        see(serve(), "A" * 40)


def test_a_server_that_speaks_no_ftp_is_told(serve: Serve, bundle: CertificateBundle) -> None:
    with pytest.raises(DeploymentFailed, match="No TLS handshake with ftp"):
        see(serve(**{"": "SSH-2.0-other\r\n"}), bundle.thumbprint)


def test_a_server_that_offers_no_tls_shows_nobody_a_certificate(serve: Serve) -> None:
    see(serve(AUTH="534 Policy denies SSL.\r\n"), "A" * 40)


def test_a_server_that_is_stopped_shows_nobody_a_certificate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = int(closed.getsockname()[1])
    see(port, "A" * 40)


def test_a_deployment_to_an_ftp_site_that_shows_something_else_is_put_back(
    machine: Machine, target: IisTarget, renewed: CertificateBundle, parameters: Parameters, serve: Serve
) -> None:
    machine.iis.set_sites(site(Binding("ftp", f"127.0.0.1:{serve()}:")))
    before = machine.state()
    with pytest.raises(DeploymentFailed, match="shows the certificate"):
        target.apply(renewed, parameters(sites="Site 1", verify_timeout="1"))
    assert machine.state() == before


def test_a_deployment_to_an_ftp_site_is_seen_there(
    machine: Machine, target: IisTarget, bundle: CertificateBundle, parameters: Parameters, serve: Serve
) -> None:
    machine.iis.set_sites(site(Binding("ftp", f"127.0.0.1:{serve()}:")))
    target.apply(bundle, parameters(sites="Site 1"))
    assert machine.iis.sites()[0].ftp_certificate.thumbprint == bundle.thumbprint
