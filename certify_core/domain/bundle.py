"""An issued certificate with its chain and private key, as a deployment target receives it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CertificateBundle:
    """Everything that a target may need; the private key never shows in a repr or a log."""

    name: str
    """What the user calls the managed certificate."""
    identifiers: tuple[str, ...]
    """The names in the certificate, the primary one first."""
    certificate_pem: str
    """The certificate alone."""
    chain_pem: str
    """The intermediates that lead to the root, without the root; may be empty."""
    private_key_pem: str = field(repr=False)
    """The private key as unencrypted PKCS#8; empty where the user keeps it: then the signing request was theirs."""
    thumbprint: str
    """SHA-1 of the DER form in upper-case hex: how Windows names a certificate."""
    not_before: float
    """Start of the validity, in seconds since the epoch."""
    not_after: float
    """End of the validity, in seconds since the epoch."""
    second: CertificateBundle | None = None
    """The other one of a pair: for the same names, with a key of another kind (RSA beside ECDSA)."""

    @property
    def fullchain_pem(self) -> str:
        """The certificate followed by its chain: what most servers want in one file."""
        return self.certificate_pem + self.chain_pem
