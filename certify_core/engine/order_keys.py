"""The private key and the signing request of a new order: a new key, the one that is kept, or the user's own."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.domain.attempts import Attempt
from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.identifiers import Identifier
from certify_core.domain.order import Part
from certify_core.domain.revocation import RevocationReason
from certify_core.engine.signing_requests import read_signing_request, refuse_compromised
from certify_core.engine.x509 import PrivateKey, key_of_type, key_to_pem, make_csr, make_key
from certify_core.store import Store
from certify_core.store.assets import Assets


def key_and_request(
    certificate: ManagedCertificate, attempt: Attempt, identifiers: Sequence[Identifier], store: Store
) -> tuple[str, bytes]:
    """Return the private key as PEM, empty where the user keeps it, and the signing request as DER.

    Raises:
        InvalidInput: the key of the user's signing request is compromised.
        LocalFault: the key that is to be kept cannot be read.
    """
    if certificate.settings.csr is not None:
        refuse_compromised(certificate, _compromised(certificate, store))
        return "", read_signing_request(certificate.settings.csr).public_bytes(Encoding.DER)
    key = _key_to_keep(certificate, attempt, store.assets) or make_key(attempt.key_type)
    return key_to_pem(key), make_csr(key, identifiers)


def _compromised(certificate: ManagedCertificate, store: Store) -> set[str]:
    revocations = store.revocations.of(certificate.id)
    return {item.key_digest for item in revocations if item.reason is RevocationReason.KEY_COMPROMISE}


def replaced_by(certificate: ManagedCertificate, part: Part) -> Issued | None:
    """Return the certificate in use whose place an order's certificate will take."""
    issued = certificate.issued
    return issued.second if issued is not None and part is Part.SECOND else issued


def _key_to_keep(certificate: ManagedCertificate, attempt: Attempt, assets: Assets) -> PrivateKey | None:
    issued = replaced_by(certificate, attempt.part)
    if not certificate.settings.reuse_key or issued is None or issued.key_compromised:
        return None
    _, pem = assets.load(certificate.id, issued.id)
    return key_of_type(pem, attempt.key_type) if pem else None
