"""Account keys as other ACME clients keep them: a PEM file, or the JSON Web Key of certbot's private_key.json."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certify_core.acme.keys import ACCEPTED, FIELD, AccountKey, SigningKey
from certify_core.errors import InvalidInput

_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}


def read_account_key(text: str) -> AccountKey:
    """Return the account key in the text of a file.

    Raises:
        InvalidInput: there is none that an account can have; names the field ``account_key`` and says nothing of the
            text itself.
    """
    text = text.removeprefix("\ufeff").strip()
    if text.startswith("{"):
        return AccountKey(_key_of_jwk(text))
    if "-----BEGIN" not in text:
        raise InvalidInput(FIELD, "This is no private key: neither PEM nor a JSON Web Key.", ACCEPTED)
    if "PRIVATE KEY-----" not in text:
        raise InvalidInput(FIELD, "This PEM file holds no private key.", ACCEPTED)
    return AccountKey.from_pem(text)


def _key_of_jwk(text: str) -> SigningKey:
    try:
        jwk = orjson.loads(text)
        return _RSA_OR_EC[jwk["kty"]](jwk)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # Not chained: such an error may quote what it could not read.
        cause = f"This JSON holds no private key that could be read ({type(error).__name__})."
    raise InvalidInput(FIELD, cause, ACCEPTED)


def _rsa_key(jwk: Mapping[str, Any]) -> rsa.RSAPrivateKey:
    """Return the key of RFC 7518 section 6.3; what follows from modulus and exponents may be left out."""
    n, e, d = _number(jwk, "n"), _number(jwk, "e"), _number(jwk, "d")
    p, q = (_number(jwk, "p"), _number(jwk, "q")) if "p" in jwk else rsa.rsa_recover_prime_factors(n, e, d)
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(e, n),
    ).private_key()


def _ec_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    """Return the key of RFC 7518 section 6.2."""
    point = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), _CURVES[jwk["crv"]])
    return ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), point).private_key()


_RSA_OR_EC: dict[str, Callable[[Mapping[str, Any]], SigningKey]] = {"RSA": _rsa_key, "EC": _ec_key}


def _number(jwk: Mapping[str, Any], member: str) -> int:
    text = jwk[member]
    return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
