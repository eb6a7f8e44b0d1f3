"""Signing requests that users bring (RFC 2986): their keys stay where they are; what they say is checked at once."""

from __future__ import annotations

from collections.abc import Collection

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.identifiers import Identifier, parse_identifier, parse_identifiers
from certify_core.domain.keys import KeyType
from certify_core.domain.settings import MAX_IDENTIFIERS, CertificateSettings
from certify_core.engine.x509 import key_digest, type_of_key
from certify_core.errors import InvalidInput

FIELD = "csr"
_BY_HAND = "It is renewed with the same signing request."


def with_signing_request(
    settings: CertificateSettings, current: CertificateSettings | None = None
) -> CertificateSettings:
    """Return settings with the names and the kind of key that their signing request says.

    `current` are the settings that they replace: what another signing request has said is not what somebody wants.

    Raises:
        InvalidInput: it cannot be used, or another setting disagrees with it.
    """
    if settings.csr is None:
        return settings
    settings = _without_what_another_said(settings, current)
    request = read_signing_request(settings.csr or "")
    key_type, named = _key_type(request), _names(request)
    identifiers = tuple(identifier.value for identifier in named)
    if settings.identifiers and set(settings.identifiers) != set(identifiers):
        raise InvalidInput(
            "identifiers",
            f"The signing request is for {', '.join(identifiers)} and nothing else.",
            "Leave identifiers out, or make a signing request with all names.",
        )
    if settings.reuse_key:
        raise InvalidInput("reuse_key", "The signing request says which key it is.", _BY_HAND)
    if settings.key_type not in {KeyType.P256, key_type}:
        raise InvalidInput("key_type", f"The signing request has a key of type {key_type}.", "Leave key_type out.")
    if settings.on_failure.leave_out_after is not None:
        raise InvalidInput(
            "on_failure.leave_out_after", "No name can be left out of a signing request.", "Leave this setting out."
        )
    return settings.model_copy(
        update={"identifiers": settings.identifiers or identifiers, "key_type": key_type, "csr": _as_pem(request)}
    )


def read_signing_request(pem: str) -> x509.CertificateSigningRequest:
    """Return a signing request that is whole and signed by its own key.

    Raises:
        InvalidInput: it is not.
    """
    remedy = "Give a PKCS#10 request in PEM, as `openssl req -new` writes it."
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        request.public_key()
        signed, old = request.is_signature_valid, isinstance(request.signature_hash_algorithm, hashes.SHA1)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise InvalidInput(FIELD, "This is not a signing request that can be read.", remedy) from None
    if not signed:
        raise InvalidInput(FIELD, "The signing request is not signed by its own key.", remedy)
    if old:
        raise InvalidInput(FIELD, "The signing request is signed with SHA-1, which is broken.", "Sign it with SHA-256.")
    return request


def _without_what_another_said(
    settings: CertificateSettings, current: CertificateSettings | None
) -> CertificateSettings:
    if current is None or current.csr is None or current.csr == settings.csr:
        return settings
    changes: dict[str, object] = {}
    if settings.identifiers == current.identifiers:
        changes["identifiers"] = ()
    if settings.key_type == current.key_type:
        changes["key_type"] = KeyType.P256
    return settings.model_copy(update=changes)


def refuse_compromised(certificate: ManagedCertificate, compromised: Collection[str]) -> None:
    """See to it that a key that is in wrong hands, one of those whose digests are given, is not certified again.

    Raises:
        InvalidInput: the signing request has such a key.
    """
    request = read_signing_request(certificate.settings.csr or "")
    if key_digest(request) in compromised:
        raise InvalidInput(
            FIELD,
            f"The key of {certificate.settings.title}'s signing request is compromised.",
            "Make a signing request with another key: certify edit NAME --csr FILE",
        )


def _key_type(request: x509.CertificateSigningRequest) -> KeyType:
    key_type = type_of_key(request.public_key())
    if key_type is None:
        known = ", ".join(KeyType)
        raise InvalidInput(FIELD, "The signing request has a key that authorities do not take.", f"They take {known}.")
    return key_type


def _names(request: x509.CertificateSigningRequest) -> tuple[Identifier, ...]:
    """Return the names, that of the subject first: browsers ignore it, and authorities want it among the others."""
    common = [str(item.value) for item in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    texts = [text for text in common if _is_identifier(text)]
    for name in _alternative_names(request):
        if not isinstance(name, x509.DNSName | x509.IPAddress):
            raise InvalidInput(
                FIELD,
                f"The signing request is for {name.value}, which is no host.",
                "Make one with DNS names and IP addresses only.",
            )
        texts.append(str(name.value))
    names = parse_identifiers(tuple(texts), field=FIELD)
    if not names:
        raise InvalidInput(FIELD, "The signing request names no host.", "Add subject alternative names to it.")
    if len(names) > MAX_IDENTIFIERS:
        raise InvalidInput(
            FIELD,
            f"The signing request has {len(names)} names; a certificate holds {MAX_IDENTIFIERS}.",
            "Make several signing requests.",
        )
    return names


def _alternative_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _is_identifier(text: str) -> bool:
    try:
        parse_identifier(text)
    except InvalidInput:
        return False
    return True


def _as_pem(request: x509.CertificateSigningRequest) -> str:
    return request.public_bytes(Encoding.PEM).decode()
