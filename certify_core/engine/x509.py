"""Private keys, signing requests and the facts of certificates."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from certify_core.acme import certificate_id
from certify_core.domain.identifiers import Identifier, IdentifierType
from certify_core.domain.keys import KeyType
from certify_core.errors import ProtocolViolation

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: dict[KeyType, ec.EllipticCurve] = {KeyType.P256: ec.SECP256R1(), KeyType.P384: ec.SECP384R1()}


def make_key(key_type: KeyType) -> PrivateKey:
    """Make a new private key."""
    if key_type in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[key_type])
    return ec.generate_private_key(_CURVES[key_type])


def key_to_pem(key: PrivateKey) -> str:
    """Return a private key as unencrypted PKCS#8."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_of_type(pem: str, key_type: KeyType) -> PrivateKey | None:
    """Return a private key if it is of this type, else None."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return None
    return key if type_of_key(key.public_key()) is key_type else None


def type_of_key(key: object) -> KeyType | None:
    """Return the type of a public key, None if authorities take no such key."""
    if isinstance(key, rsa.RSAPublicKey):
        return next((key_type for key_type, bits in _RSA_BITS.items() if bits == key.key_size), None)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return next((key_type for key_type, curve in _CURVES.items() if curve.name == key.curve.name), None)
    return None


def make_csr(key: PrivateKey, identifiers: Sequence[Identifier]) -> bytes:
    """Return a signing request (RFC 2986, DER) with the identifiers as alternative names and no subject.

    The subject stays empty because the common name is deprecated and holds 64 characters only; authorities that still
    want one take it from the alternative names.
    """
    names = [_general_name(identifier) for identifier in identifiers]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _general_name(identifier: Identifier) -> x509.GeneralName:
    if identifier.type is IdentifierType.IP:
        return x509.IPAddress(ipaddress.ip_address(identifier.value))
    return x509.DNSName(identifier.value)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself."""

    serial: str
    thumbprint: str
    issuer: str
    not_before: float
    not_after: float
    ari_id: str | None
    """What names it in renewal information (RFC 9773 section 4.1); None if it does not say which key signed it."""
    key_digest: str
    """The SHA-256 of its public key (a SubjectPublicKeyInfo) in hex."""


def split_chain(fullchain_pem: str) -> tuple[str, str]:
    """Return the first certificate of a PEM chain, and the rest."""
    end = "-----END CERTIFICATE-----"
    head, mark, tail = fullchain_pem.strip().partition(end)
    return f"{head}{mark}\n", f"{tail.lstrip()}\n" if tail.strip() else ""


def leads_to(fullchain_pem: str, common_name: str) -> bool:
    """Whether the last certificate of a chain was issued by who has this common name; garbage leads nowhere."""
    try:
        last = x509.load_pem_x509_certificates(fullchain_pem.encode())[-1]
    except ValueError:
        return False
    names = last.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return common_name in {name.value for name in names}


def end_of(fullchain_pem: str) -> float | None:
    """Return when the first certificate of a chain ends, in seconds since the epoch; None if it is none."""
    try:
        return x509.load_pem_x509_certificate(fullchain_pem.encode()).not_valid_after_utc.timestamp()
    except ValueError:
        return None


def check_issued(fullchain_pem: str, csr_der: bytes, identifiers: Sequence[Identifier]) -> CertificateFacts:
    """Return the facts of a certificate after checking that it is the one that was ordered with a signing request.

    Raises:
        ProtocolViolation: it is no certificate, belongs to another key or lacks an identifier.
    """
    try:
        certificate = x509.load_pem_x509_certificate(fullchain_pem.encode())
        public_key, names = certificate.public_key(), _names_of(certificate)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise ProtocolViolation(
            "What the authority sent is not a certificate.", "Ask the authority; the order is tried again."
        ) from error
    if _public_bytes(public_key) != _public_bytes(x509.load_der_x509_csr(csr_der).public_key()):
        raise ProtocolViolation(
            "The certificate belongs to another private key than the one ordered with.", "It is ordered anew."
        )
    missing = [identifier.value for identifier in identifiers if _general_name(identifier) not in names]
    if missing:
        raise ProtocolViolation(f"The certificate lacks {', '.join(sorted(missing))}.", "It is ordered anew.")
    return CertificateFacts(
        serial=f"{certificate.serial_number:X}",
        # SHA-1 is a name here and protects nothing.
        thumbprint=hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER), usedforsecurity=False)
        .hexdigest()
        .upper(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        ari_id=_ari_id_of(certificate),
        key_digest=key_digest(certificate),
    )


def belong_together(fullchain_pem: str, private_key_pem: str) -> bool:
    """Whether this is a certificate and its private key; without a key, whether it is a certificate."""
    try:
        certificate = x509.load_pem_x509_certificate(fullchain_pem.encode())
        if not private_key_pem:
            return True
        key = serialization.load_pem_private_key(private_key_pem.encode(), None)
        return _public_bytes(key.public_key()) == _public_bytes(certificate.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def key_digest(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Return what names the key pair of a certificate or a signing request."""
    return hashlib.sha256(_public_bytes(certificate.public_key())).hexdigest()


def _ari_id_of(certificate: x509.Certificate) -> str | None:
    try:
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    return certificate_id(issuer.key_identifier, certificate.serial_number) if issuer.key_identifier else None


def _public_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _names_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return set()
    names = extension.value
    assert isinstance(names, x509.SubjectAlternativeName)  # noqa: S101 - the library's promise for this OID
    return {x509.DNSName(name.value.lower()) if isinstance(name, x509.DNSName) else name for name in names}
