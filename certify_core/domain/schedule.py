"""When something is due, how long to wait after a failure, and how a certificate is doing: pure functions.

Everything that decides about renewal is here, so that there is one answer and not two (a scheduler that says "now"
and a check that says "not yet" is how other clients lost certificates).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from certify_core.domain.certificate import DeploymentStatus, Issued, ManagedCertificate, Status
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.spread import fraction_of

MINUTE = 60.0
DAY = 86_400.0
BACKOFF = (1 * MINUTE, 10 * MINUTE, 100 * MINUTE, DAY)
"""Let's Encrypt's integration guide: 1, 10, 100 minutes, then once a day."""
LIMIT_JITTER = 5.0
"""Seconds at most, by which those that wait for a limit's moment come after it."""
AT_ONCE = 0.0
"""A moment that has always come, even for a clock that was set back."""
JITTER = 0.02
"""Renewals are spread over this share of the lifetime, earlier and never later."""
EMERGENCY = 1 / 20
"""With less than this share of the lifetime left nothing is waited for, whatever the authority suggests."""
EMERGENCY_WAIT = 1 / 200
"""Of the lifetime; unless the other side asks for more."""


class DueReason(StrEnum):
    """Why a certificate is due."""

    REQUESTED = "requested"
    CONTINUED = "an order is under way"
    NEVER_ISSUED = "never issued"
    SETTINGS_CHANGED = "the settings changed"
    LIFETIME = "its lifetime runs out"
    ARI = "the authority suggests it"
    EMERGENCY = "its lifetime is nearly over"
    SECOND = "the second certificate of the pair is missing"
    LEFT_OUT = "names that were left out are tried again"
    REVOKED = "it is revoked, or its key compromised"
    NOT_AUTOMATIC = "automatic renewal is off"
    NOT_BEGUN = "nobody has asked for the first one yet"


@dataclass(frozen=True, slots=True)
class Due:
    """A moment and why."""

    at: float | None
    """Seconds since the epoch; None if never by itself."""
    reason: DueReason


def due(certificate: ManagedCertificate) -> Due:
    """Return when this certificate needs its next step towards being issued.

    A request of a person comes at once; after a failure nothing happens before `retry_at`.
    """
    if certificate.requested_at is not None:
        return Due(AT_ONCE, DueReason.REQUESTED)
    not_before = certificate.retry_at or AT_ONCE
    if certificate.order_id is not None:
        return Due(not_before, DueReason.CONTINUED)
    if waiting_half(certificate) is not None:
        return Due(not_before, DueReason.SECOND)
    if certificate.issued is not None and certificate.issued.replace:
        return Due(not_before, DueReason.REVOKED)
    if not certificate.settings.renewal.automatic:
        return Due(None, DueReason.NOT_AUTOMATIC)
    return _by_itself(certificate, not_before)


def _by_itself(certificate: ManagedCertificate, not_before: float) -> Due:
    if certificate.issued is None:
        # One that has failed was asked for.
        begun = certificate.settings.renewal.begins_by_itself or certificate.failure is not None
        return Due(not_before, DueReason.NEVER_ISSUED) if begun else Due(None, DueReason.NOT_BEGUN)
    if certificate.issued.request_digest != certificate.settings.request_digest:
        return Due(not_before, DueReason.SETTINGS_CHANGED)
    if certificate.issued.is_revoked:
        return Due(None, DueReason.REVOKED)
    moment, reason = renewal(certificate, certificate.issued)
    complete_at = certificate.setbacks.complete_at
    if complete_at is not None and certificate.issued.left_out and complete_at < moment:
        moment, reason = complete_at, DueReason.LEFT_OUT
    return Due(max(moment, not_before), reason)


def waiting_half(certificate: ManagedCertificate) -> Issued | None:
    """Return the first one of a new pair, if it waits for the second and both are still wanted so."""
    half, settings = certificate.half, certificate.settings
    return half if half is not None and half.request_digest == settings.request_digest else None


def renewal(certificate: ManagedCertificate, issued: Issued) -> tuple[float, DueReason]:
    """Return when what was issued is to be renewed, and why then; whatever failed or is wanted besides."""
    share = certificate.settings.renewal.at_percent / 100
    early = JITTER * share * fraction_of(certificate.id, issued.serial)
    own = issued.not_before + issued.lifetime * (share - early)
    if issued.second is not None:
        own = min(own, issued.second.not_before + issued.second.lifetime * (share - early))
    suggested = certificate.ari.moment(own) if certificate.ari else None
    chosen = (own, DueReason.LIFETIME) if suggested is None else (suggested, DueReason.ARI)
    return min(chosen, (_emergency(issued), DueReason.EMERGENCY))


def _emergency(issued: Issued) -> float:
    return AT_ONCE if issued.replace else issued.expires_at - issued.lifetime * EMERGENCY


def is_emergency(certificate: ManagedCertificate, now: float) -> bool:
    """Whether a certificate is so near its end that nothing is waited for any more."""
    return certificate.issued is not None and now >= _emergency(certificate.issued)


def wait_after(certificate: ManagedCertificate, failure: Failure, now: float) -> float:
    """Return the seconds from `now`, when an attempt has failed once more, to the next one.

    As `backoff` says; but a certificate that comes to its emergency is tried then, and from then on more often.
    """
    wait = backoff(certificate.failure_count + 1, failure, certificate.id)
    issued = certificate.issued
    if issued is None:
        return wait
    urgent = max(_emergency(issued) - now, issued.lifetime * EMERGENCY_WAIT, MINUTE)
    return max(min(wait, urgent), failure.retry_after or 0.0)


def counts(failure: Failure) -> bool:
    """Whether a failure is one in a row: being told to come back at a certain moment is none."""
    return failure.failure_class is not FailureClass.LIMIT or (failure.retry_after or 0.0) < 1.0


def backoff(failure_count: int, failure: Failure, seed: str) -> float:
    """Return the seconds to wait after the `failure_count`-th failure in a row (1 is the first).

    At least what the other side asked for, and up to a tenth more, so that a thousand certificates that failed
    together do not come back together. A limit that says when it ends is waited for until then, and no step longer.
    """
    if not counts(failure):
        asked = failure.retry_after or 0.0
        return asked + min(0.1 * asked, LIMIT_JITTER) * fraction_of(seed, str(failure_count))
    step = BACKOFF[min(failure_count, len(BACKOFF)) - 1]
    wait = max(step, failure.retry_after or 0.0)
    return wait * (1 + 0.1 * fraction_of(seed, str(failure_count)))


def status_of(certificate: ManagedCertificate, now: float) -> Status:
    """Return how a certificate is doing; `running` is decided by who runs it, not here."""
    issued = certificate.issued
    if issued is None:
        waits = certificate.failure is None or not counts(certificate.failure)
        return Status.WAITING if waits else Status.ERROR
    if issued.expires_at <= now or issued.is_revoked:
        return Status.ERROR
    deployments = {deployment.status for deployment in certificate.deployments}
    if DeploymentStatus.PENDING in deployments:
        return Status.DEPLOYING
    if certificate.failure is not None or issued.left_out or DeploymentStatus.FAILED in deployments:
        return Status.WARNING
    return Status.HEALTHY
