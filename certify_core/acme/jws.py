"""Signed requests: JSON Web Signatures in the flattened form that ACME wants (RFC 8555 section 6.2)."""

from __future__ import annotations

import orjson

from certify_core.acme.base64url import to_base64url
from certify_core.acme.keys import AccountKey

CONTENT_TYPE = "application/jose+json"


def signed_request(key: AccountKey, url: str, nonce: str | None, payload: bytes, account_url: str | None) -> bytes:
    """Return the body of a POST to `url`.

    An empty payload makes it a POST-as-GET (section 6.3). Without an account's address the public key itself goes
    along, as newAccount needs it. Without a nonce it is the inner part of another one (section 7.3.5).
    """
    signer: dict[str, object] = {"kid": account_url} if account_url else {"jwk": key.jwk}
    fresh = {} if nonce is None else {"nonce": nonce}
    protected = to_base64url(orjson.dumps({"alg": key.algorithm, **signer, **fresh, "url": url}))
    body = to_base64url(payload)
    signature = key.sign(f"{protected}.{body}".encode("ascii"))
    return orjson.dumps({"protected": protected, "payload": body, "signature": to_base64url(signature)})
