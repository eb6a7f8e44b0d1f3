"""Packs a certificate, its key and its intermediates into PKCS#12 (RFC 7292), as Windows reads it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from certify_core.api import CertificateBundle, DeploymentFailed, InvalidInput


def pack(bundle: CertificateBundle, password: str, *, legacy: bool) -> bytes:
    """Return the bundle as PKCS#12.

    Args:
        bundle: with a private key.
        password: encrypts the key; empty: it is not encrypted.
        legacy: 3DES and SHA-1, which every Windows reads; otherwise AES-256 and SHA-256 (Server 2019 on).

    Raises:
        DeploymentFailed: key and certificate cannot be read or do not belong together.
    """
    try:
        key = load_pem_private_key(bundle.private_key_pem.encode(), None)
        certificate = x509.load_pem_x509_certificate(bundle.certificate_pem.encode())
        chain = x509.load_pem_x509_certificates(bundle.chain_pem.encode()) if bundle.chain_pem else []
        return pkcs12.serialize_key_and_certificates(
            bundle.name.encode(),
            key,  # type: ignore[arg-type]
            certificate,
            chain,
            _encryption(password.encode(), legacy=legacy),
        )
    except ValueError:
        # The parser's own words may quote what it could not read, and that may be the key.
        raise DeploymentFailed(
            f"Key, certificate or chain of {bundle.name} cannot be read or do not belong together.",
            "Renew the certificate.",
        ) from None


def require_key(bundle: CertificateBundle, field: str) -> None:
    """Refuse a bundle whose private key the user keeps.

    Raises:
        InvalidInput: names the parameter `field`.
    """
    if not bundle.private_key_pem:
        raise InvalidInput(
            field,
            "There is no private key to deploy: the certificate was requested with a signing request.",
            "Use a managed certificate whose key Certify makes.",
        )


def _encryption(password: bytes, *, legacy: bool) -> KeySerializationEncryption:
    if not password:
        return NoEncryption()
    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        builder = builder.key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
        builder = builder.hmac_hash(hashes.SHA1())  # noqa: S303 - all that old readers know
    else:
        builder = builder.key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    return builder.build(password)
