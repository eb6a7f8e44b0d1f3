"""What deployment targets are given: the current certificate, or before there is one something that looks like it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certify_core.domain.bundle import CertificateBundle
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.keys import KeyType
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.signing_requests import read_signing_request
from certify_core.engine.x509 import key_to_pem, make_key, split_chain
from certify_core.errors import NotFound
from certify_core.store.assets import Assets


def current_bundle(assets: Assets, certificate: ManagedCertificate) -> CertificateBundle:
    """Return the current certificate with its key, and the other one of a pair.

    Raises:
        NotFound: there is none yet.
        LocalFault: its files cannot be read.
    """
    issued = certificate.issued
    if issued is None:
        raise NotFound(f"{certificate.settings.title} has no certificate yet.", "Request one first.")
    bundle = _bundle_of(assets, certificate, issued)
    return replace(bundle, second=_bundle_of(assets, certificate, issued.second)) if issued.second else bundle


def _bundle_of(assets: Assets, certificate: ManagedCertificate, issued: Issued) -> CertificateBundle:
    fullchain, private_key = assets.load(certificate.id, issued.id)
    leaf, chain = split_chain(fullchain)
    return CertificateBundle(
        name=certificate.settings.title,
        identifiers=tuple(name for name in certificate.settings.identifiers if name not in issued.left_out),
        certificate_pem=leaf,
        chain_pem=chain,
        private_key_pem=private_key,
        thumbprint=issued.thumbprint,
        not_before=issued.not_before,
        not_after=issued.not_after,
    )


def bundle_to_come(settings: CertificateSettings) -> CertificateBundle:
    """Return what a deployment will look like before there is a certificate: signed by nobody, of no use."""
    if settings.csr is not None:
        return _to_come(settings, read_signing_request(settings.csr).public_key(), "")
    bundle = _with_new_key(settings, settings.key_type)
    second = settings.second_key_type
    return replace(bundle, second=_with_new_key(settings, second)) if second is not None else bundle


def _with_new_key(settings: CertificateSettings, key_type: KeyType) -> CertificateBundle:
    key = make_key(key_type)
    return _to_come(settings, key.public_key(), key_to_pem(key))


def _to_come(settings: CertificateSettings, public_key: object, private_key_pem: str) -> CertificateBundle:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not issued yet")])
    start = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, public_key, 1, start, start + timedelta(days=1))  # type: ignore[arg-type]
    certificate = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    der = certificate.public_bytes(Encoding.DER)
    return CertificateBundle(
        name=settings.title,
        identifiers=settings.identifiers,
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
        chain_pem="",
        private_key_pem=private_key_pem,
        thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )
