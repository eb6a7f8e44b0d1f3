"""What a user wants of one managed certificate; nothing here says how far it came."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from certify_core.domain.identifiers import Identifier, parse_identifier, parse_identifiers
from certify_core.domain.keys import KeyType

MAX_CSR = 100_000
"""Characters; one with a hundred long names has a third of this."""
MAX_IDENTIFIERS = 100
"""Let's Encrypt's `classic` profile takes no more names than this in one certificate."""


def _canonical(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(identifier.value for identifier in parse_identifiers(texts))


class Wanted(BaseModel):
    """The base of all that a user writes: unknown fields are errors, and values never change in place."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChallengeSettings(Wanted):
    """How control of names is shown: a challenge provider and what it needs."""

    provider: str = "http"
    """Name of a challenge provider: see ``certify plugins``."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """What the provider asks for; checked against its own model."""
    credential: str | None = None
    """A stored credential with more parameters: see ``certify credential list``."""


class DeploymentSettings(Wanted):
    """One place where the certificate is put: a deployment target and what it needs."""

    target: str
    """Name of a deployment target: see ``certify plugins``."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """What the target asks for; checked against its own model."""
    credential: str | None = None
    """A stored credential with more parameters: see ``certify credential list``."""


class RenewalSettings(Wanted):
    """When a certificate is renewed."""

    automatic: bool = True
    """Without it the certificate is renewed only when somebody asks."""
    at_percent: float = Field(default=66.7, gt=0, lt=100)
    """The share of its lifetime after which the certificate is renewed, in percent."""
    begins: Literal["at-once", "when-asked"] = "at-once"
    """When the first certificate is requested: at once, or when somebody asks for it; renewals follow either way."""

    @property
    def begins_by_itself(self) -> bool:
        """Whether the first certificate is requested without anybody asking."""
        return self.automatic and self.begins == "at-once"


class OrderWishes(Wanted):
    """What is asked of the authority beyond names; an authority may refuse each of them."""

    profile: str | None = None
    """One of the authority's certificate profiles, such as ``shortlived`` (draft-ietf-acme-profiles)."""
    lifetime_days: float | None = Field(default=None, gt=0)
    """How long the certificate should be valid (``notAfter`` of RFC 8555 section 7.1.3)."""
    preferred_chain: str | None = None
    """Common name of a root: among the chains that the authority offers, the one that leads there is taken."""


class FailureSettings(Wanted):
    """What is done when a certificate cannot be had as it is wanted."""

    fallback_authorities: tuple[str, ...] = ()
    """Where it is ordered, in this order, when the authority cannot issue it and there is no time left to wait."""
    rehearse_at: str | None = None
    """The authority for tests where names are validated first after the authority has refused one; if not given,
    the one that is known to belong to the authority."""
    leave_out_after: int | None = Field(default=None, ge=1)
    """A name that failed so often in a row is left out, and tried again every day; without it no name ever is."""


class CertificateSettings(Wanted):
    """Everything that a user can say about one managed certificate."""

    name: str = Field(default="", max_length=255)
    """What the user calls it; the first identifier if nothing is given."""
    csr: str | None = Field(default=None, max_length=MAX_CSR)
    """A signing request (PKCS#10, PEM) whose key stays with the user: names and kind of key are those that it says."""
    identifiers: Annotated[tuple[str, ...], AfterValidator(_canonical)] = Field(
        default=(), max_length=MAX_IDENTIFIERS, validate_default=True
    )
    """DNS names and IP addresses; kept as A-labels, the first is the primary one."""
    authority: str = "letsencrypt"
    """The id of a certificate authority (see ``certify authority list``), or the address of an ACME directory."""
    ca_bundle: str | None = None
    """A PEM file with the roots by which the ACME directory's own TLS certificate is checked."""
    key_type: KeyType = KeyType.P256
    second_key_type: KeyType | None = None
    """For old and new clients alike: a second certificate with a key of the other kind (RSA beside ECDSA)."""
    reuse_key: bool = False
    """Whether a renewal keeps the private key; without it every certificate has a new one."""
    order: OrderWishes = OrderWishes()
    challenge: ChallengeSettings = ChallengeSettings()
    deployments: tuple[DeploymentSettings, ...] = ()
    renewal: RenewalSettings = RenewalSettings()
    on_failure: FailureSettings = FailureSettings()

    @field_validator("identifiers")
    @classmethod
    def _at_least_one(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value and info.data.get("csr") is None:
            raise ValueError("at least one name is needed, or a signing request (csr) that has one")
        return value

    @field_validator("second_key_type")
    @classmethod
    def _of_the_other_kind(cls, value: KeyType | None, info: ValidationInfo) -> KeyType | None:
        first = info.data.get("key_type")
        if value is not None and info.data.get("csr") is not None:
            raise ValueError("a signing request has one key; there is no second one")
        if value is not None and first is not None and value.is_rsa == first.is_rsa:
            raise ValueError(f"it has to be of another kind than {first}: one RSA, one ECDSA")
        return value

    @property
    def title(self) -> str:
        """The name, or else the primary identifier."""
        return self.name or self.identifiers[0]

    @property
    def parsed_identifiers(self) -> tuple[Identifier, ...]:
        """The identifiers as values."""
        return tuple(parse_identifier(text) for text in self.identifiers)

    @property
    def request_digest(self) -> str:
        """A fingerprint of all that goes into the certificate: when it changes, a new one has to be requested."""
        parts = [*sorted(self.identifiers), self.authority, self.key_type]
        if self.second_key_type is not None:
            parts.append(f"and {self.second_key_type}")
        if self.csr is not None:
            parts.append(self.csr)
        if self.order != OrderWishes():
            parts.append(self.order.model_dump_json())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
