"""A certificate authority for tests: a root, an intermediate, and bundles signed by it with whatever a test needs."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certify_core.api import CertificateBundle

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class _Signer:
    certificate: x509.Certificate
    key: PrivateKey


class CertificateAuthority:
    """Signs at once; `root_pem` is what a client has to trust."""

    def __init__(self) -> None:
        root = _make_signer("Test Root", None)
        self.root_pem = _pem(root.certificate)
        self._intermediate = _make_signer("Test Intermediate", root)

    def issue(
        self,
        *names: str,
        name: str = "",
        key: PrivateKey | None = None,
        not_before: datetime | None = None,
        lifetime: timedelta = 90 * DAY,
    ) -> CertificateBundle:
        """Return a bundle for DNS names and addresses, with a new P-256 key unless another is given."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        start = not_before or datetime.now(UTC) - timedelta(hours=1)
        certificate = (
            _builder(names[0], self._intermediate, key, start, start + lifetime)
            .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._intermediate.key, hashes.SHA256())
        )
        return CertificateBundle(
            name=name or names[0],
            identifiers=names,
            certificate_pem=_pem(certificate),
            chain_pem=_pem(self._intermediate.certificate),
            private_key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),
            not_before=certificate.not_valid_before_utc.timestamp(),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a new RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _make_signer(common_name: str, issuer: _Signer | None) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        _builder(common_name, issuer, key, now - DAY, now + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Python 3.13 trusts no authority without it.
        .add_extension(_SIGNS, critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    return _Signer(certificate, key)


def _builder(
    common_name: str, issuer: _Signer | None, key: PrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    issuer_name = issuer.certificate.subject if issuer else subject
    issuer_key = issuer.key.public_key() if issuer else key.public_key()
    return (
        x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number(), start, end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
