"""Account keys sign as ES256 and keep to themselves."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from certify_core.acme import AccountKey
from certify_core.errors import InvalidInput
from tests.support.certificates import rsa_key


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_key_survives_being_written_and_read() -> None:
    key = AccountKey.generate()
    assert AccountKey.from_pem(key.to_pem()).thumbprint == key.thumbprint


def test_every_key_is_another() -> None:
    assert AccountKey.generate().thumbprint != AccountKey.generate().thumbprint


def test_the_thumbprint_is_the_digest_of_the_required_members_in_order() -> None:
    key = AccountKey.generate()
    text = '{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.format(**key.jwk)
    assert _octets(key.thumbprint) == hashlib.sha256(text.encode()).digest()


def test_a_signature_is_r_and_s_and_verifies() -> None:
    key = AccountKey.generate()
    signature = key.sign(b"message")
    assert len(signature) == 64
    private_key = load_pem_private_key(key.to_pem().encode(), None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    private_key.public_key().verify(encode_dss_signature(r, s), b"message", ec.ECDSA(hashes.SHA256()))


def test_coordinates_with_leading_zeros_keep_their_length() -> None:
    # One key in 256 has such a coordinate.
    short = next(
        key
        for key in (AccountKey(ec.derive_private_key(secret, ec.SECP256R1())) for secret in range(1, 5000))
        if _octets(key.jwk["x"])[0] == 0
    )
    assert len(_octets(short.jwk["x"])) == 32


def test_the_key_never_shows_in_its_repr() -> None:
    key = AccountKey.generate()
    assert repr(key) == f"AccountKey({key.thumbprint})"


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "not a key",
        json.dumps(AccountKey.generate().jwk),
        _pem(ec.generate_private_key(ec.SECP384R1())),
        rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    ],
    ids=["empty", "text", "jwk", "P-384", "RSA"],
)
def test_another_kind_of_key_is_refused(pem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        AccountKey.from_pem(pem)
    assert refused.value.field == "account_key"
