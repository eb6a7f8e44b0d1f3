"""The key of an account at an authority: ECDSA on P-256, which signs as ES256 (RFC 7518 section 3.4)."""

from __future__ import annotations

import hashlib
from functools import cached_property

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certify_core.acme.base64url import to_base64url
from certify_core.errors import InvalidInput

ALGORITHM = "ES256"
_COORDINATE_BYTES = 32
_SIGNATURE = ec.ECDSA(hashes.SHA256())


class AccountKey:
    """A private key that proves who we are to an authority; its repr shows the thumbprint alone."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key

    @classmethod
    def generate(cls) -> AccountKey:
        """Return a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: str) -> AccountKey:
        """Return the key that `to_pem` wrote.

        Raises:
            InvalidInput: this is no unencrypted P-256 private key; names the field ``account_key``.
        """
        remedy = "Give an unencrypted PEM private key of type ECDSA P-256."
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise InvalidInput("account_key", "The account key cannot be read.", remedy) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise InvalidInput("account_key", "The account key is not an ECDSA key on P-256.", remedy)
        return cls(key)

    def to_pem(self) -> str:
        """Return the key as unencrypted PKCS#8: a secret."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key, its members in the order of RFC 7638 section 3.3."""
        point = self._private_key.public_key().public_numbers()
        return {
            "crv": "P-256",
            "kty": "EC",
            "x": to_base64url(point.x.to_bytes(_COORDINATE_BYTES)),
            "y": to_base64url(point.y.to_bytes(_COORDINATE_BYTES)),
        }

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
        """Return the signature as JWS wants it: r and s, 32 octets each (RFC 7518 section 3.4)."""
        r, s = decode_dss_signature(self._private_key.sign(message, _SIGNATURE))
        return r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)

    def __repr__(self) -> str:
        return f"AccountKey({self.thumbprint})"
