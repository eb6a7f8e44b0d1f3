"""Asks a TLS server which certificate it shows, until it is the right one or time is up.

One right answer is not enough: while a server reloads, its old and its new processes answer side by side. Only the
leaf counts: whether clients trust the chain is the authority's business, so nothing is validated here.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.api import DeploymentFailed
from certify_deploy_files.parameters import Endpoint

_IN_A_ROW = 3
"""Handshakes that have to show the certificate before it counts as served."""
_PAUSE = 0.1
"""Seconds between two handshakes."""
_SHORTEST_WAIT = 0.1
"""Seconds that the last handshake gets, however little time is left."""


def wait_until_served(
    certificate: x509.Certificate,
    endpoint: Endpoint,
    *,
    server_name: str | None,
    timeout: float,
    beside: x509.Certificate | None = None,
) -> None:
    """Return as soon as `endpoint` steadily shows a certificate.

    `beside` is the other one of a pair: then the server is asked for the kind of key that is looked for.

    Raises:
        DeploymentFailed: it does not after `timeout` seconds; says what it shows instead.
    """
    deadline = time.monotonic() + timeout
    wanted = {certificate.public_bytes(Encoding.DER)}
    in_a_row = 0
    while True:
        left = max(deadline - time.monotonic(), _SHORTEST_WAIT)
        try:
            if beside is None:
                served = _served(endpoint, server_name, left)
            else:
                served, could_choose = _served_of_kind(endpoint, server_name, left, _kind(certificate))
                if not could_choose:
                    wanted.add(beside.public_bytes(Encoding.DER))
        except (OSError, ValueError) as error:
            problem: DeploymentFailed | None = _unreachable(endpoint, error)
        else:
            problem = None if served in wanted else _shows_another(endpoint, server_name, served, certificate)
        in_a_row = 0 if problem else in_a_row + 1
        if in_a_row == _IN_A_ROW:
            return
        if problem and time.monotonic() + _PAUSE >= deadline:
            raise problem
        time.sleep(_PAUSE)


def server_name_for(identifiers: Iterable[str]) -> str | None:
    """Return the name to ask for: the first DNS name, with ``www`` for a wildcard; None if there are addresses only."""
    for identifier in identifiers:
        if not _is_address(identifier):
            return identifier.replace("*.", "www.", 1) if identifier.startswith("*.") else identifier
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _served(endpoint: Endpoint, server_name: str | None, timeout: float, ciphers: str = "") -> bytes:
    """Return the certificate that a server shows; with `ciphers` of TLS 1.2 to one that knows these alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    with (
        socket.create_connection((endpoint.host, endpoint.port), timeout) as connection,
        context.wrap_socket(connection, server_hostname=server_name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def _served_of_kind(endpoint: Endpoint, server_name: str | None, timeout: float, kind: str) -> tuple[bytes, bool]:
    """Return the certificate that a client sees that takes this kind only, and whether the server let it choose.

    Only the cipher suites of TLS 1.2 name a kind of key; of a server that has TLS 1.3 alone one of two can be seen.
    """
    try:
        return _served(endpoint, server_name, timeout, f"a{kind}"), True
    except ssl.SSLError:
        if _speaks_tls_1_2(endpoint, server_name, timeout):
            raise
        return _served(endpoint, server_name, timeout), False


def _speaks_tls_1_2(endpoint: Endpoint, server_name: str | None, timeout: float) -> bool:
    try:
        _served(endpoint, server_name, timeout, "DEFAULT")
    except ssl.SSLError:
        return False
    return True


def _kind(certificate: x509.Certificate) -> str:
    return "RSA" if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "ECDSA"


def _unreachable(endpoint: Endpoint, error: Exception) -> DeploymentFailed:
    return DeploymentFailed(
        f"No TLS handshake with {endpoint}: {error}.",
        "See that the server runs and speaks TLS there, or correct the parameter verify.",
    )


def _shows_another(
    endpoint: Endpoint, server_name: str | None, served: bytes, certificate: x509.Certificate
) -> DeploymentFailed:
    asked = f" for {server_name}" if server_name else ""
    return DeploymentFailed(
        f"{endpoint} shows{asked} the certificate {_described(served)}, not the new one with serial "
        f"{certificate.serial_number:X}.",
        "See that the server reads the deployed files and that the reload command makes it read them again.",
    )


def _described(der: bytes) -> str:
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string() or "without a subject"
        serial = certificate.serial_number
    except ValueError:
        return "that cannot be read"
    return f"{subject} (serial {serial:X}, valid until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC)"
