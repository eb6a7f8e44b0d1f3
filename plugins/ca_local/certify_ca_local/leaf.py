"""Checks a request and signs a server's certificate for it.

Of the request only the public key is used: names come from the identifiers that it must equal, everything else is the
CA's to decide. The subject is empty and the names are critical (RFC 5280 section 4.2.1.6), as a common name would be
measured by the root's name constraints once more, and by other rules.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from certify_ca_local.root import BACKDATING, Root, key_usage
from certify_core.api import Identifier, IdentifierType, InvalidInput, PolicyRefused, parse_identifier

LIFETIME = timedelta(days=90)
_REMEDY = "Make a new request for exactly these names."


def checked_request(csr_der: bytes, identifiers: Sequence[Identifier]) -> x509.CertificateSigningRequest:
    """Return the request if whoever made it holds its key and asks for exactly `identifiers`.

    Raises:
        InvalidInput: one of the two is not so.
        PolicyRefused: the key is neither RSA of 2048 bits or more, nor P-256 or P-384.
    """
    try:
        request = x509.load_der_x509_csr(csr_der)
        signed = request.is_signature_valid
        asked = set(_names(request))
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType, x509.DuplicateExtension) as error:
        raise InvalidInput("csr", f"The certificate request cannot be read: {error}.", _REMEDY) from error
    if not signed:
        raise InvalidInput("csr", "The certificate request is not signed by the key that is in it.", _REMEDY)
    if not identifiers or asked != set(identifiers):
        raise InvalidInput("csr", f"The request is for {_listed(asked)}, not for {_listed(set(identifiers))}.", _REMEDY)
    if not _is_acceptable(key):
        raise PolicyRefused(
            "The local CA does not sign this kind of key.", "Use RSA of 2048 bits or more, or ECDSA on P-256 or P-384."
        )
    return request


def sign(
    root: Root, public_key: CertificatePublicKeyTypes, identifiers: Sequence[Identifier], now: datetime
) -> x509.Certificate:
    """Return a server's certificate; it never outlives the root."""
    start = now - BACKDATING
    end = min(start + LIFETIME, root.certificate.not_valid_after_utc)
    return (
        x509.CertificateBuilder(issuer_name=root.certificate.subject, subject_name=x509.Name([]), public_key=public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in identifiers]), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(encipher_keys=isinstance(public_key, rsa.RSAPublicKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()),
            critical=False,
        )
        .sign(root.key, hashes.SHA256())
    )


def _names(request: x509.CertificateSigningRequest) -> Iterator[Identifier]:
    """Yield all that the request names: alternative names and common names (RFC 8555 section 7.4)."""
    for attribute in request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        yield parse_identifier(str(attribute.value), field="csr")
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in names:
        if not isinstance(name, x509.DNSName | x509.IPAddress):
            raise InvalidInput("csr", f"The request asks for a name that no server has: {name.value}.", _REMEDY)
        yield parse_identifier(str(name.value), field="csr")


def _is_acceptable(key: CertificatePublicKeyTypes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= 2048
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)


def _general_name(identifier: Identifier) -> x509.GeneralName:
    if identifier.type is IdentifierType.IP:
        return x509.IPAddress(ipaddress.ip_address(identifier.value))
    return x509.DNSName(identifier.value)


def _listed(identifiers: set[Identifier]) -> str:
    return ", ".join(sorted(identifier.value for identifier in identifiers)) or "no name"
