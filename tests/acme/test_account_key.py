"""Account keys sign each in its own way, and keep to themselves."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certify_core.acme import AccountKey
from certify_core.domain.keys import KeyType
from certify_core.errors import InvalidInput
from tests.support.certificates import rsa_key


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


ALGORITHMS = {
    KeyType.P256: "ES256",
    KeyType.P384: "ES384",
    KeyType.RSA_2048: "RS256",
    KeyType.RSA_3072: "RS256",
    KeyType.RSA_4096: "RS256",
}


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384, KeyType.RSA_2048])
def test_a_key_survives_being_written_and_read(key_type: KeyType) -> None:
    key = AccountKey.generate(key_type)
    assert AccountKey.from_pem(key.to_pem()).thumbprint == key.thumbprint


@pytest.mark.parametrize("key_type", KeyType)
def test_the_kind_of_key_says_how_it_signs(key_type: KeyType) -> None:
    assert AccountKey.generate(key_type).algorithm == ALGORITHMS[key_type]


def test_every_key_is_another() -> None:
    assert AccountKey.generate().thumbprint != AccountKey.generate().thumbprint


def test_the_thumbprint_is_the_digest_of_the_required_members_in_order() -> None:
    key = AccountKey.generate()
    text = '{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.format(**key.jwk)
    assert _octets(key.thumbprint) == hashlib.sha256(text.encode()).digest()


def test_the_thumbprint_of_an_rsa_key_is_the_digest_of_its_members_in_order() -> None:
    key = AccountKey.generate(KeyType.RSA_2048)
    text = '{{"e":"AQAB","kty":"RSA","n":"{n}"}}'.format(**key.jwk)
    assert _octets(key.thumbprint) == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("key_type", "coordinate", "digest"), [(KeyType.P256, 32, hashes.SHA256()), (KeyType.P384, 48, hashes.SHA384())]
)
def test_a_signature_is_r_and_s_and_verifies(key_type: KeyType, coordinate: int, digest: hashes.HashAlgorithm) -> None:
    key = AccountKey.generate(key_type)
    signature = key.sign(b"message")
    assert len(signature) == 2 * coordinate
    private_key = load_pem_private_key(key.to_pem().encode(), None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    r, s = int.from_bytes(signature[:coordinate]), int.from_bytes(signature[coordinate:])
    private_key.public_key().verify(encode_dss_signature(r, s), b"message", ec.ECDSA(digest))


def test_an_rsa_signature_verifies() -> None:
    private_key = rsa_key()
    signature = AccountKey(private_key).sign(b"message")
    private_key.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


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


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ec.generate_private_key(ec.SECP521R1()), id="P-521"),
        pytest.param(ec.generate_private_key(ec.SECP256K1()), id="secp256k1"),
        pytest.param(rsa_key(1024), id="RSA of 1024 bits"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="Ed25519"),
    ],
)
def test_another_kind_of_key_is_refused(key: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        AccountKey(key)
    assert refused.value.field == "account_key"
