"""The TLS handshake that has to show the new certificate, with a real nginx."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from certify_core.api import CertificateBundle, DeploymentFailed
from certify_deploy_files.parameters import FilesParameters
from certify_deploy_files.target import FilesTarget
from tests.support.certificates import CertificateAuthority
from tests.support.nginx import Nginx

Parameters = Callable[..., FilesParameters]


@pytest.fixture
def nginx(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, folder: Path, tmp_path: Path
) -> Iterator[Nginx]:
    """An nginx that serves a first deployment."""
    target.apply(bundle, parameters())
    with Nginx(tmp_path / "nginx", folder) as running:
        yield running


def test_nginx_shows_the_renewed_certificate_after_its_deployment(
    target: FilesTarget, renewed: CertificateBundle, parameters: Parameters, nginx: Nginx
) -> None:
    full = parameters(reload=nginx.reload_command, verify=nginx.endpoint)
    target.apply(renewed, full)
    target.verify(renewed, full)
    assert ssl.get_server_certificate(("127.0.0.1", nginx.port)) == renewed.certificate_pem


def test_nginx_shows_the_previous_certificate_after_undo(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    nginx: Nginx,
) -> None:
    full = parameters(reload=nginx.reload_command, verify=nginx.endpoint)
    undo = target.apply(renewed, full)
    target.verify(renewed, full)
    undo()
    target.verify(bundle, full)
    assert ssl.get_server_certificate(("127.0.0.1", nginx.port)) == bundle.certificate_pem


def test_a_server_that_was_not_reloaded_is_found_out(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    nginx: Nginx,
) -> None:
    forgetful = parameters(verify=nginx.endpoint, verify_timeout="0.3")
    target.apply(renewed, forgetful)
    with pytest.raises(DeploymentFailed) as failed:
        target.verify(renewed, forgetful)
    old, new = (f"{_serial(each):X}" for each in (bundle, renewed))
    assert failed.value.cause.startswith(
        f"{nginx.endpoint} shows for app.test the certificate CN=app.test (serial {old}"
    )
    assert failed.value.cause.endswith(f"not the new one with serial {new}.")


def test_nothing_that_listens_is_said_so(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
    silent = parameters(verify=endpoint, verify_timeout="0.3")
    target.apply(bundle, silent)
    with pytest.raises(DeploymentFailed, match=f"No TLS handshake with {endpoint}: .*refused"):
        target.verify(bundle, silent)


def test_a_server_that_never_answers_costs_no_more_than_the_time_limit(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        stuck = parameters(verify=f"127.0.0.1:{mute.getsockname()[1]}", verify_timeout="0.3")
        target.apply(bundle, stuck)
        with pytest.raises(DeploymentFailed, match="timed out"):
            target.verify(bundle, stuck)


# The name that is asked for


@contextmanager
def listening(
    bundles: Sequence[CertificateBundle], tmp_path: Path, host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[str | None]]]:
    """Show one bundle after the other, a handshake each; give the endpoint and the server names that were asked for."""
    asked: list[str | None] = []

    def serve() -> None:
        for bundle in bundles:
            connection, _ = server.accept()
            with (
                connection,
                _context(bundle, tmp_path / "server.pem", asked).wrap_socket(connection, server_side=True) as tls,
            ):
                tls.recv(1)

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        bracketed = f"[{host}]" if ":" in host else host
        yield f"{bracketed}:{server.getsockname()[1]}", asked
        served.result(10)


def _context(bundle: CertificateBundle, pem: Path, asked: list[str | None]) -> ssl.SSLContext:
    pem.write_text(bundle.fullchain_pem + bundle.private_key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _, name, __: asked.append(name)
    return context


def test_a_server_whose_processes_disagree_is_asked_until_they_agree(
    target: FilesTarget,
    bundle: CertificateBundle,
    renewed: CertificateBundle,
    parameters: Parameters,
    tmp_path: Path,
) -> None:
    with listening([bundle, renewed, bundle, renewed, renewed, renewed], tmp_path) as (endpoint, asked):
        asking = parameters(verify=endpoint)
        target.apply(renewed, asking)
        target.verify(renewed, asking)
    assert len(asked) == 6


@pytest.mark.parametrize(
    ("identifiers", "verify_name", "asked_for"),
    [
        (("app.test", "www.app.test"), "", "app.test"),
        (("192.0.2.1", "app.test"), "", "app.test"),
        (("*.app.test", "app.test"), "", "www.app.test"),
        (("192.0.2.1",), "", None),
        (("app.test",), "other.test", "other.test"),
    ],
)
def test_the_server_is_asked_for_the_first_name(
    target: FilesTarget,
    authority: CertificateAuthority,
    parameters: Parameters,
    tmp_path: Path,
    identifiers: tuple[str, ...],
    verify_name: str,
    asked_for: str | None,
) -> None:
    bundle = authority.issue(*identifiers)
    with listening([bundle] * 3, tmp_path) as (endpoint, asked):
        asking = parameters(verify=endpoint, verify_name=verify_name)
        target.apply(bundle, asking)
        target.verify(bundle, asking)
    assert set(asked) == {asked_for}


def test_an_ipv6_address_is_asked(
    target: FilesTarget, bundle: CertificateBundle, parameters: Parameters, tmp_path: Path
) -> None:
    with listening([bundle] * 3, tmp_path, "::1") as (endpoint, asked):
        asking = parameters(verify=endpoint)
        target.apply(bundle, asking)
        target.verify(bundle, asking)
    assert set(asked) == {"app.test"}


def _serial(bundle: CertificateBundle) -> int:
    return x509.load_pem_x509_certificate(bundle.certificate_pem.encode()).serial_number
