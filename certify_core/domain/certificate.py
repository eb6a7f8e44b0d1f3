"""A managed certificate: what is wanted of it, what was issued, and how its last attempts went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from certify_core.domain.ari import Origin, RenewalInformation
from certify_core.domain.failure import Failure
from certify_core.domain.setbacks import NO_SETBACKS, Setbacks
from certify_core.domain.settings import CertificateSettings, DeploymentSettings
from certify_core.errors import NotFound


class Status(StrEnum):
    """A managed certificate's state at a glance."""

    WAITING = "waiting"
    """Nothing was issued yet; it is waiting for its turn or for somebody to ask."""
    RUNNING = "running"
    """An order is under way."""
    DEPLOYING = "deploying"
    """Issued, and on its way to where it is used."""
    HEALTHY = "healthy"
    """Issued, valid, and in place everywhere."""
    WARNING = "warning"
    """The certificate is valid, but the last renewal or a deployment failed, or a name was left out."""
    ERROR = "error"
    """There is no valid certificate: the last attempt failed, or it was revoked."""


class DeploymentStatus(StrEnum):
    """Where one deployment stands."""

    NONE = "none"
    """There is nothing to deploy yet."""
    PENDING = "pending"
    DEPLOYED = "deployed"
    """The current certificate is in place and was seen there."""
    FAILED = "failed"


class Issued(BaseModel):
    """Facts about the current certificate; the certificate itself is in the assets."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Names its folder in the assets."""
    serial: str
    """Serial number in upper-case hex."""
    thumbprint: str
    """SHA-1 in upper-case hex."""
    issuer: str
    not_before: float
    """Seconds since the epoch."""
    not_after: float
    """Seconds since the epoch."""
    request_digest: str
    """Of the settings it was issued for."""
    authority: str = ""
    """The id of who issued it, or the address of its ACME directory."""
    staging: bool = False
    """Whether it is for tests and trusted by nobody."""
    left_out: tuple[str, ...] = ()
    """Identifiers that are wanted and not in it, because they could not be validated."""
    origin: Origin | None = None
    """Where it comes from, if that authority suggests when to renew."""
    key_digest: str = ""
    """Names its key pair: the SHA-256 of the public key."""
    key_compromised: bool = False
    """Whether somebody has said that its private key is in wrong hands."""
    revoked_at: float | None = None
    """When the authority has revoked it for us."""
    replace: bool = False
    """Whether another one has to take its place at once, since it is revoked or its key compromised."""

    second: Issued | None = None
    """The other one of a pair: for the same names, with a key of another kind."""

    @property
    def is_revoked(self) -> bool:
        """Whether it is revoked, or the other one of a pair."""
        return self.revoked_at is not None or (self.second is not None and self.second.is_revoked)

    @property
    def expires_at(self) -> float:
        """When the first of a pair ends; seconds since the epoch."""
        return self.not_after if self.second is None else min(self.not_after, self.second.not_after)

    @property
    def lifetime(self) -> float:
        """Seconds between start and end of the validity."""
        return self.not_after - self.not_before


@dataclass(frozen=True, slots=True)
class Deployment:
    """One place of one managed certificate, and whether the current certificate is there."""

    id: str
    certificate_id: str
    settings: DeploymentSettings
    status: DeploymentStatus = DeploymentStatus.NONE
    deployed_id: str | None = None
    """`Issued.id` of what is in place there."""
    failure: Failure | None = None
    failure_count: int = 0
    next_attempt_at: float | None = None
    """Seconds since the epoch; None while nothing is to be done or somebody is at it."""
    claims: int = 0
    """How often somebody has wanted it done again; what began before the last time is no answer to that."""


@dataclass(frozen=True, slots=True)
class ManagedCertificate:
    """One certificate that Certify looks after."""

    id: str
    version: int
    """Grows with every change of the settings; who changes them says which version was read."""
    settings: CertificateSettings
    created_at: float
    updated_at: float
    status: Status = Status.WAITING
    issued: Issued | None = None
    half: Issued | None = None
    """The first one of a new pair, which waits for the second; the pair in `issued` stays in use until then."""
    order_id: str | None = None
    """The order under way."""
    requested_at: float | None = None
    """When somebody last asked for a certificate at once, until there is one or the attempt fails."""
    failure: Failure | None = None
    failure_count: int = 0
    retry_at: float | None = None
    """Not before this moment after a failure."""
    setbacks: Setbacks = NO_SETBACKS
    """What failed attempts have taught."""
    use_last_duplicate: bool = False
    """Whether what was requested may take the last certificate that the authority gives for these names."""
    next_due_at: float | None = None
    """When the scheduler takes it up; None while it runs or if never."""
    ari: RenewalInformation | None = None
    """What its authority suggests, if it does that."""
    deployments: tuple[Deployment, ...] = ()

    def chosen(self, deployments: Collection[str]) -> tuple[Deployment, ...]:
        """Return the deployments with these ids, or all of them if none is given.

        Raises:
            NotFound: one of them is not there.
        """
        for unknown in set(deployments) - {item.id for item in self.deployments}:
            raise NotFound(
                f"{self.settings.title} has no deployment {unknown}.",
                "`certify deploy NAME --preview` lists their ids.",
            )
        return tuple(item for item in self.deployments if item.id in deployments or not deployments)
