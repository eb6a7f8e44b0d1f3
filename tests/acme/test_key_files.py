"""Account keys are read as other ACME clients write them; what is none is refused in words that give nothing away."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from certify_core.acme import AccountKey, read_account_key
from certify_core.errors import InvalidInput
from tests.support.certificates import CertificateAuthority, PrivateKey, rsa_key
from tests.support.openssl import openssl

P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa_key()
SECRET = "b25seS10aGUtb3duZXIta25vd3M"


def pem(
    key: PrivateKey | ed25519.Ed25519PrivateKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    """Return a key as a PEM file."""
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def base64url(number: int) -> str:
    """Return a number as JSON Web Keys have it."""
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")


def rsa_jwk(key: rsa.RSAPrivateKey, *, short: bool = False) -> str:
    """Return an RSA key as certbot keeps it; a short one without what follows from the rest."""
    private, public = key.private_numbers(), key.public_key().public_numbers()
    numbers = {"n": public.n, "e": public.e, "d": private.d}
    if not short:
        numbers |= {"p": private.p, "q": private.q, "dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp}
    return json.dumps({"kty": "RSA", **{name: base64url(number) for name, number in numbers.items()}})


def ec_jwk(key: ec.EllipticCurvePrivateKey, curve: str) -> str:
    """Return an ECDSA key as certbot keeps it."""
    point = key.public_key().public_numbers()
    numbers = {"x": point.x, "y": point.y, "d": key.private_numbers().private_value}
    return json.dumps({"kty": "EC", "crv": curve, **{name: base64url(number) for name, number in numbers.items()}})


def with_parameters() -> str:
    """Return the SEC1 file that `openssl ecparam -genkey` writes: parameters first, then the key."""
    text = openssl("ecparam", "-name", "prime256v1", "-genkey")
    assert "EC PARAMETERS" in text
    return text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(pem(P256), P256, id="PKCS#8, P-256"),
        pytest.param(pem(P384), P384, id="PKCS#8, P-384"),
        pytest.param(pem(RSA), RSA, id="PKCS#8, RSA"),
        pytest.param(pem(RSA, PrivateFormat.TraditionalOpenSSL), RSA, id="PKCS#1"),
        pytest.param(pem(P256, PrivateFormat.TraditionalOpenSSL), P256, id="SEC1"),
        pytest.param("\ufeff" + pem(P256).replace("\n", "\r\n"), P256, id="as Windows writes it"),
        pytest.param(rsa_jwk(RSA), RSA, id="certbot's, RSA"),
        pytest.param(rsa_jwk(RSA, short=True), RSA, id="JWK of RSA without its primes"),
        pytest.param(ec_jwk(P256, "P-256"), P256, id="certbot's, P-256"),
        pytest.param(ec_jwk(P384, "P-384"), P384, id="certbot's, P-384"),
    ],
)
def test_the_key_in_a_file_is_read(text: str, key: PrivateKey) -> None:
    assert read_account_key(text).thumbprint == AccountKey(key).thumbprint


def test_parameters_before_the_key_are_passed_over() -> None:
    assert read_account_key(with_parameters()).algorithm == "ES256"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("", "no private key", id="nothing"),
        pytest.param(SECRET, "no private key", id="text"),
        pytest.param(CertificateAuthority().root_pem, "holds no private key", id="a certificate"),
        pytest.param(
            P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "holds no private key",
            id="a public key",
        ),
        pytest.param(pem(P256, encryption=BestAvailableEncryption(b"secret")), "is encrypted", id="encrypted"),
        pytest.param(pem(P256).replace("M", SECRET, 1), "cannot be read", id="damaged"),
        pytest.param(pem(ed25519.Ed25519PrivateKey.generate()), "neither an ECDSA nor an RSA key", id="Ed25519"),
        pytest.param(pem(rsa_key(1024)), "of 1024 bits", id="a short RSA key"),
        pytest.param(json.dumps({"d": SECRET}), "no private key", id="JSON of something else"),
        pytest.param(json.dumps({"kty": "oct", "k": SECRET}), "no private key", id="a JWK of another type"),
        pytest.param(json.dumps({"kty": "RSA", "n": 7, "e": 3, "d": 3}), "no private key", id="a JWK of numbers"),
        pytest.param(json.dumps(AccountKey(P256).jwk), "no private key", id="a public JWK"),
        pytest.param(ec_jwk(P256, "P-384"), "no private key", id="a JWK of another curve"),
        pytest.param("{" + SECRET, "no private key", id="broken JSON"),
    ],
)
def test_what_is_no_account_key_is_refused_and_not_shown(text: str, cause: str) -> None:
    with pytest.raises(InvalidInput, match=cause) as refused:
        read_account_key(text)
    assert (refused.value.field, SECRET in f"{refused.value}") == ("account_key", False)
    assert "Give the private key of an ACME account" in refused.value.remedy
