"""A revocation: which certificate is not to be trusted any more, why, and how far the authority has been told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from certify_core.domain.failure import Failure


class RevocationReason(StrEnum):
    """Reasons that a subscriber may give (RFC 5280 section 5.3.1; which of them an authority takes is its own rule)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    """Somebody else may have the private key."""
    AFFILIATION_CHANGED = "affiliationChanged"
    """What the certificate says of its owner is not so any more."""
    SUPERSEDED = "superseded"
    """Another certificate has taken its place."""
    CESSATION_OF_OPERATION = "cessationOfOperation"
    """The names are not served any more."""

    @property
    def code(self) -> int:
        """The CRLReason's number."""
        return _CODES[self]


_CODES = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
}


class RevocationState(StrEnum):
    """How far a revocation has come."""

    WANTED = "wanted"
    """The authority is to be asked, or may have been without our knowing its answer."""
    REVOKED = "revoked"
    REFUSED = "refused"
    """The authority does not revoke it; asked again only if somebody wants it again."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One certificate to be revoked, with all that takes; it outlives its managed certificate."""

    certificate_id: str
    issued_id: str
    serial: str
    authority: str
    """The id of who issued it, or the address of its ACME directory."""
    ca_bundle: str | None
    certificate_pem: str = field(repr=False)
    private_key_pem: str = field(repr=False)
    """Empty once it is revoked, or if we never had it."""
    key_digest: str
    """Names the key pair."""
    reason: RevocationReason
    renew: bool
    """Whether the current certificate is replaced by a new one when it is revoked."""
    wanted_at: float
    """Seconds since the epoch, as all of these."""
    state: RevocationState = RevocationState.WANTED
    revoked_at: float | None = None
    failure: Failure | None = None
    """Why the last attempt failed."""
    failure_count: int = 0
    next_attempt_at: float | None = None
    """None if none is to come."""

    @property
    def name(self) -> str:
        """What its job is called."""
        return f"{self.certificate_id}/{self.issued_id}"
