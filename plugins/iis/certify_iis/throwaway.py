"""Certificates and bindings of a selftest, known by their names: so what an interrupted one left is taken away too."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certify_core.api import CertificateBundle
from certify_iis.administration import IisAdmin, carry_out
from certify_iis.bindings import Binding, BindingChange
from certify_iis.store import MachineStore

DOMAIN = "certify.invalid"
"""Nobody has it, and nobody can (RFC 6761 section 6.4)."""
STORE = "My"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_host() -> str:
    """Return a name that no binding has; a short one, as Wine damages its memory by friendly names of 70 characters."""
    return f"{secrets.token_hex(3)}.{DOMAIN}"


def rsa_key() -> Key:
    """Return a new RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ecdsa_key() -> Key:
    """Return a new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_bundle(host: str, key: Key) -> CertificateBundle:
    """Return a certificate that has signed itself and is valid for a day."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return CertificateBundle(
        name=host,
        identifiers=(host,),
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
        chain_pem="",
        private_key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - Windows names them so
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


def is_ours(binding: Binding) -> bool:
    """Return whether a binding was made by a selftest."""
    return binding.host.endswith(f".{DOMAIN}")


def forget_bindings(admin: IisAdmin, pause: Callable[[float], None]) -> None:
    """Remove every binding that a selftest made, by one commit.

    Raises:
        DeploymentFailed: IIS refused.
    """
    carry_out(
        admin,
        lambda sites: [
            BindingChange(site.id, site.name, binding, None)
            for site in sites
            for binding in site.bindings
            if is_ours(binding)
        ],
        pause,
    )


def forget_certificates(store: MachineStore) -> None:
    """Remove every certificate that a selftest imported; Windows keeps the files of their keys.

    Raises:
        DeploymentFailed: Windows refused.
    """
    for stored in store.certificates(STORE):
        if f".{DOMAIN} " in stored.friendly_name:
            store.remove(stored.thumbprint, STORE)
