"""External account binding: proof that a customer of the authority owns the new account (RFC 8555 section 7.3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from certify_core.acme.base64url import ALPHABET
from certify_core.acme.keys import AccountKey
from certify_core.errors import InvalidInput

ALGORITHMS = ("HS256", "HS384", "HS512")


@dataclass(frozen=True, slots=True)
class ExternalAccountBinding:
    """What the authority gave the customer."""

    kid: str
    """Key identifier, in the open."""
    hmac_key: str = field(repr=False)
    """The secret, in base64url; ordinary base64 is taken too."""
    algorithm: str = "HS256"
    """One of `ALGORITHMS`."""

    def bind(self, key: AccountKey, new_account_url: str) -> dict[str, Any]:
        """Return the value of newAccount's ``externalAccountBinding``.

        Raises:
            InvalidInput: the HMAC key is no base64url, or the algorithm is unknown; the key is not in the text.
        """
        from acme import messages  # 80 ms and 8 MB: see directory.py
        from josepy.jwk import JWK

        hmac_key = self.hmac_key.strip().rstrip("=").translate(str.maketrans("+/", "-_"))
        if not ALPHABET.fullmatch(hmac_key):
            raise InvalidInput(
                "eab.hmac_key", "The HMAC key is no base64url text.", "Copy it again from the authority's web site."
            )
        if self.algorithm not in ALGORITHMS:
            raise InvalidInput(
                "eab.algorithm",
                f"There is no MAC algorithm {self.algorithm!r}.",
                f"Give one of {', '.join(ALGORITHMS)}.",
            )
        directory = messages.Directory({"newAccount": new_account_url})
        public_key = JWK.load(key.public_pem())
        return messages.ExternalAccountBinding.from_data(public_key, self.kid, hmac_key, directory, self.algorithm)
