"""Requests to the local CA, and what clients make of its certificates."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from certify_ca_local.authority import LocalAuthority
from certify_core.api import parse_identifier
from tests.support.openssl import openssl

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def request(*names: str, key: Key | None = None, common_name: str = "", other: x509.GeneralName | None = None) -> bytes:
    """Return a request in DER for names and addresses."""
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(x509.Name(subject))
    alternatives = [*general_names(*names), *([other] if other else [])]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def issue(authority: LocalAuthority, *names: str, key: Key | None = None) -> str:
    """Request and sign a certificate; return it as PEM."""
    return authority.issue(request(*names, key=key), [parse_identifier(name) for name in names])


def issued(authority: LocalAuthority, *names: str, key: Key | None = None) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issue(authority, *names, key=key).encode())


def root_of(authority: LocalAuthority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.root_pem().encode())


def forged(authority: LocalAuthority, folder: Path, name: str) -> str:
    """Return a certificate that a thief signs with the root's key."""
    root = root_of(authority)
    root_key = load_pem_private_key((folder / "root.key").read_bytes(), password=None)
    assert isinstance(root_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(issuer_name=root.subject, subject_name=x509.Name([]), public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(general_names(name)), critical=True)
    )
    return builder.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def general_names(*names: str) -> list[x509.GeneralName]:
    identifiers = [parse_identifier(name) for name in names]
    return [
        x509.IPAddress(ipaddress.ip_address(one.value)) if one.type == "ip" else x509.DNSName(one.value)
        for one in identifiers
    ]


def openssl_verify(authority: LocalAuthority, pem: str, folder: Path, name: str) -> str:
    """Return what `openssl verify` says about the certificate for a server called `name`."""
    (folder / "trusted.pem").write_text(authority.root_pem())
    (folder / "leaf.pem").write_text(pem)
    # A wildcard is checked by a name that it stands for.
    host = name.replace("*", "some")
    check = "-verify_ip" if parse_identifier(host).type == "ip" else "-verify_hostname"
    how = ("-x509_strict", "-purpose", "sslserver", check, host, "-CAfile", folder / "trusted.pem")
    return openssl("verify", *how, folder / "leaf.pem").strip()


def handshake(authority: LocalAuthority, pem: str, key: Key, folder: Path, name: str) -> str:
    """Connect as a client that trusts the root alone to a server with the certificate; return what it served."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (folder / "server.pem").write_text(pem + private)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "server.pem")
    client_side = ssl.create_default_context(cadata=authority.root_pem())
    client, server = socket.socketpair()

    def serve() -> None:
        with server:
            try:
                server_side.wrap_socket(server, server_side=True).close()
            except OSError:
                pass  # the client hung up, which is the client's to report

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client, client_side.wrap_socket(client, server_hostname=name) as connection:
            served = connection.getpeercert(binary_form=True)
            assert served is not None
            return ssl.DER_cert_to_PEM_cert(served)
    finally:
        client.close()
        thread.join()
