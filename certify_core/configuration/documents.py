"""What a configuration file may say: documents of six kinds, with the fields of the API and its names for them.

    kind: ManagedCertificate
    name: shop
    identifiers: [shop.example.com]
    deployments:
      - use: nginx

A document is known by its kind and name; the id in a database is another matter. Secrets are never written here, only
where they come from (see references.py). `Deployment` and `Defaults` are kept nowhere: they go into the managed
certificates that use them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from certify_core.domain.authority import AuthorityId, AuthoritySettings
from certify_core.domain.credential import CredentialId
from certify_core.domain.keys import KeyType
from certify_core.domain.settings import (
    CertificateSettings,
    ChallengeSettings,
    DeploymentSettings,
    FailureSettings,
    OrderWishes,
    RenewalSettings,
    Wanted,
)

Name = Annotated[str, Field(min_length=1, max_length=255)]


class Kind(StrEnum):
    """The kinds of documents, in the order in which they are applied: first what others name."""

    DEFAULTS = "Defaults"
    DEPLOYMENT = "Deployment"
    AUTHORITY = "Authority"
    ACCOUNT = "Account"
    CREDENTIAL = "CredentialReference"
    CERTIFICATE = "ManagedCertificate"


KEPT = (Kind.AUTHORITY, Kind.ACCOUNT, Kind.CREDENTIAL, Kind.CERTIFICATE)
"""The kinds of which the service keeps something."""


class DefaultsDocument(Wanted):
    """What holds for every managed certificate of the same folder that does not say it itself."""

    kind: Literal[Kind.DEFAULTS]
    name: Name = "defaults"
    """There is one such document, so it needs no name."""
    authority: str | None = None
    """The id of a certificate authority, or the address of an ACME directory."""
    ca_bundle: str | None = None
    """A PEM file with the roots by which the ACME directory's own TLS certificate is checked."""
    key_type: KeyType | None = None
    second_key_type: KeyType | None = None
    """For old and new clients alike: a second certificate with a key of the other kind (RSA beside ECDSA)."""
    reuse_key: bool | None = None
    """Whether a renewal keeps the private key."""
    order: OrderWishes | None = None
    challenge: ChallengeSettings | None = None
    """Taken as a whole: a certificate that has a challenge takes nothing of this one."""
    renewal: RenewalSettings | None = None
    on_failure: FailureSettings | None = None


class DeploymentDocument(DeploymentSettings):
    """A deployment that several managed certificates use, by its name."""

    kind: Literal[Kind.DEPLOYMENT]
    name: Name


class DeploymentPlace(DeploymentSettings):
    """A deployment of one managed certificate: written out, or one that is shared, with parameters of its own."""

    target: str = ""
    """Name of a deployment target: see ``certify plugins``; not together with `use`."""
    use: str | None = None
    """Name of a `Deployment` document; `parameters` are put over those that it has."""

    @model_validator(mode="after")
    def _one_of_both(self) -> DeploymentPlace:
        if bool(self.target) == bool(self.use):
            raise ValueError("give either target, or use with the name of a Deployment")
        if self.use and self.credential:
            raise ValueError("the credential is that of the Deployment; leave it out here")
        return self


class CertificateDocument(CertificateSettings):
    """A managed certificate."""

    kind: Literal[Kind.CERTIFICATE]
    name: Name
    """What it is called, and known by from one time to the next: another name is another managed certificate."""
    deployments: tuple[DeploymentPlace, ...] = ()


class AuthorityDocument(AuthoritySettings):
    """An ACME authority beside those that plugins bring, such as one of the house."""

    kind: Literal[Kind.AUTHORITY]
    name: AuthorityId
    """Its id, by which managed certificates choose it."""


class EabDocument(Wanted):
    """An external account binding, as the authority's web site hands it out (RFC 8555 section 7.3.4)."""

    kid: str = Field(min_length=1)
    hmac_key: JsonValue
    """A secret: say where it comes from."""


class AccountDocument(Wanted):
    """The account at an ACME authority; there is one at each, and its name is that of the authority."""

    kind: Literal[Kind.ACCOUNT]
    authority: str = Field(min_length=1)
    """The id of a certificate authority, or the address of an ACME directory."""
    contact: tuple[str, ...] = ()
    """Mail addresses."""
    ca_bundle: str | None = None
    """A PEM file with the roots by which the ACME directory's own TLS certificate is checked."""
    eab: EabDocument | None = None

    @property
    def name(self) -> str:
        """What it is known by."""
        return self.authority


class CredentialDocument(Wanted):
    """A stored credential; what is secret in it is not here, only where it comes from."""

    kind: Literal[Kind.CREDENTIAL]
    name: CredentialId
    """Its id, by which challenges and deployments name it."""
    provider: str
    """The challenge provider, deployment target or notifier whose parameters these are: see ``certify plugins``."""
    title: str = Field(default="", max_length=255)
    """What it is, for people."""
    parameters: dict[str, JsonValue] = Field(min_length=1)
    """Some of the provider's parameters."""


Document = (
    DefaultsDocument
    | DeploymentDocument
    | AuthorityDocument
    | AccountDocument
    | CredentialDocument
    | CertificateDocument
)
MODELS: dict[Kind, type[Document]] = {
    Kind.DEFAULTS: DefaultsDocument,
    Kind.DEPLOYMENT: DeploymentDocument,
    Kind.AUTHORITY: AuthorityDocument,
    Kind.ACCOUNT: AccountDocument,
    Kind.CREDENTIAL: CredentialDocument,
    Kind.CERTIFICATE: CertificateDocument,
}


def name_in(content: dict[str, Any]) -> str:
    """Return what a document is known by as far as it says that; it need not be valid."""
    if content.get("kind") == Kind.DEFAULTS:
        return "defaults"
    return str(content.get("authority" if content.get("kind") == Kind.ACCOUNT else "name", ""))
