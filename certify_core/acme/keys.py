"""The key of an account at an authority: ECDSA or RSA, and how each signs (RFC 7518 section 3)."""

from __future__ import annotations

import hashlib
from functools import cached_property

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certify_core.acme.base64url import to_base64url
from certify_core.domain.keys import KeyType
from certify_core.errors import InvalidInput

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

FIELD = "account_key"
ACCEPTED = "Give the private key of an ACME account: ECDSA on P-256 or P-384, or RSA of 2048 to 4096 bits, unencrypted."
RSA_BITS = range(2048, 4097)
_RSA_SIZES = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: dict[str, tuple[str, str, hashes.HashAlgorithm, int]] = {
    "secp256r1": ("P-256", "ES256", hashes.SHA256(), 32),
    "secp384r1": ("P-384", "ES384", hashes.SHA384(), 48),
}
"""By the curve's name: its name in a JWK, the algorithm, its digest, and the octets of a coordinate."""


class AccountKey:
    """A private key that proves who we are to an authority; its repr shows the thumbprint alone."""

    def __init__(self, private_key: object) -> None:
        """Take a key.

        Raises:
            InvalidInput: it is of another kind than `ACCEPTED` says; names the field ``account_key``.
        """
        self._private_key = _accepted(private_key)

    @classmethod
    def generate(cls, key_type: KeyType = KeyType.P256) -> AccountKey:
        """Return a new key."""
        if key_type in _RSA_SIZES:
            return cls(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_SIZES[key_type]))
        return cls(ec.generate_private_key(ec.SECP384R1() if key_type is KeyType.P384 else ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: str) -> AccountKey:
        """Return the key that is in a PEM text: PKCS#8, PKCS#1 or SEC1.

        Raises:
            InvalidInput: there is none that an account can have; names the field ``account_key``.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except TypeError as error:  # what the library says where there is a password
            raise InvalidInput(FIELD, "The account key is encrypted.", ACCEPTED) from error
        except ValueError as error:
            raise InvalidInput(FIELD, "The account key cannot be read.", ACCEPTED) from error
        return cls(key)

    def to_pem(self) -> str:
        """Return the key as unencrypted PKCS#8: a secret."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @property
    def algorithm(self) -> str:
        """How it signs: ``ES256``, ``ES384`` or ``RS256``."""
        key = self._private_key
        return "RS256" if isinstance(key, rsa.RSAPrivateKey) else _CURVES[key.curve.name][1]

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key, its members in the order of RFC 7638 section 3.3."""
        key = self._private_key
        if isinstance(key, rsa.RSAPrivateKey):
            numbers = key.public_key().public_numbers()
            return {"e": _octets(numbers.e), "kty": "RSA", "n": _octets(numbers.n)}
        name, _, _, length = _CURVES[key.curve.name]
        point = key.public_key().public_numbers()
        return {"crv": name, "kty": "EC", "x": _octets(point.x, length), "y": _octets(point.y, length)}

    @cached_property
    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the public key (RFC 7638), in base64url."""
        return to_base64url(hashlib.sha256(orjson.dumps(self.jwk)).digest())

    def public_pem(self) -> bytes:
        """Return the public key as a SubjectPublicKeyInfo in PEM."""
        return self._private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        """Return the signature as JWS wants it: of ECDSA r and s, each as long as a coordinate (section 3.4)."""
        key = self._private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        _, _, digest, length = _CURVES[key.curve.name]
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(length) + s.to_bytes(length)

    def __repr__(self) -> str:
        return f"AccountKey({self.thumbprint})"


def _accepted(key: object) -> SigningKey:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size in RSA_BITS:
            return key
        raise InvalidInput(FIELD, f"The account key is an RSA key of {key.key_size} bits.", ACCEPTED)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name in _CURVES:
            return key
        raise InvalidInput(FIELD, f"The account key is an ECDSA key on {key.curve.name}.", ACCEPTED)
    raise InvalidInput(FIELD, "The account key is neither an ECDSA nor an RSA key.", ACCEPTED)


def _octets(number: int, length: int | None = None) -> str:
    return to_base64url(number.to_bytes(length or (number.bit_length() + 7) // 8))
