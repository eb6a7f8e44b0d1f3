"""The kinds of private key that a certificate can have."""

from __future__ import annotations

from enum import StrEnum


class KeyType(StrEnum):
    """Key types that public authorities accept (CA/Browser Forum Baseline Requirements section 6.1.5)."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    P256 = "ecdsa-p256"
    P384 = "ecdsa-p384"

    @property
    def is_rsa(self) -> bool:
        """Whether it is RSA and not ECDSA."""
        return self.startswith("rsa")
