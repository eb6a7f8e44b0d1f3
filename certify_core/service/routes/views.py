"""What the API shows: values of the domain as documents, times as ISO 8601 in UTC, secrets as a mask."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, field_validator

from certify_core.domain.ari import RenewalInformation
from certify_core.domain.certificate import Deployment, Issued, ManagedCertificate
from certify_core.domain.failure import Failure
from certify_core.domain.revocation import Revocation
from certify_core.domain.schedule import AT_ONCE, due
from certify_core.domain.setbacks import Setbacks
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.events import Event
from certify_core.engine.inspections import Inspection
from certify_core.engine.parameters import masked
from certify_core.service.operations import Operation

RESERVED_IDS = {"summary", "request-due", "test"}


def iso(moment: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due_iso(moment: float | None) -> str | None:
    """Return a due moment as ISO 8601; what is due at once is due now."""
    return iso(time.time() if moment == AT_ONCE else moment)


class NewCertificate(CertificateSettings):
    """A managed certificate to be created."""

    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Chosen by the service if not given."""

    @field_validator("id")
    @classmethod
    def _not_a_path_of_the_api(cls, value: str | None) -> str | None:
        if value in RESERVED_IDS:
            raise ValueError(f"{value!r} is a path of the API and cannot be an id")
        return value


class ChangeCertificate(BaseModel):
    """A change of settings."""

    model_config = ConfigDict(extra="forbid")

    version: int
    """The version that was read; the change is refused if there is a newer one."""
    settings: dict[str, JsonValue]
    """The fields to change, merged into the stored ones (RFC 7396)."""


class RequestWish(BaseModel):
    """What a request may do; the body may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_last_duplicate: StrictBool = False
    """Take the last certificate that the authority's limit leaves for exactly these names, if it comes to that."""


class Summary(BaseModel):
    """One line of a list."""

    id: str
    name: str
    identifiers: list[str]
    status: str
    expires_at: str | None
    next_due_at: str | None
    version: int


class CertificatePage(BaseModel):
    """A page of a list."""

    items: list[Summary]
    next: str | None
    """Give it as `after` for the next page; null on the last."""


class Started(BaseModel):
    """Long work that was started."""

    operation: str
    certificate_id: str
    events: str
    """Where its events can be watched."""


def summary_document(item: dict[str, Any]) -> dict[str, Any]:
    """Return a line of a list."""
    return {**item, "expires_at": iso(item["expires_at"]), "next_due_at": due_iso(item["next_due_at"])}


def certificate_document(certificate: ManagedCertificate, revocations: Sequence[Revocation] = ()) -> dict[str, Any]:
    """Return everything about a managed certificate but its secrets."""
    return {
        "id": certificate.id,
        "name": certificate.settings.title,
        "version": certificate.version,
        "status": certificate.status.value,
        "settings": masked(certificate.settings),
        "issued": _issued(certificate.issued),
        "half": _issued(certificate.half),
        "failure": failure_document(certificate.failure),
        "failure_count": certificate.failure_count,
        "retry_at": iso(certificate.retry_at) if certificate.failure else None,
        "setbacks": _setbacks(certificate.setbacks),
        "next_due_at": due_iso(certificate.next_due_at),
        "due_reason": due(certificate).reason.value,
        "ari": _ari(certificate.ari),
        "deployments": [deployment_document(item) for item in certificate.deployments],
        "revocations": [revocation_document(item) for item in revocations],
        "created_at": iso(certificate.created_at),
        "updated_at": iso(certificate.updated_at),
    }


def revocation_document(revocation: Revocation) -> dict[str, Any]:
    """Return how far a revocation has come."""
    return {
        "serial": revocation.serial,
        "reason": revocation.reason.value,
        "state": revocation.state.value,
        "wanted_at": iso(revocation.wanted_at),
        "revoked_at": iso(revocation.revoked_at),
        "failure": failure_document(revocation.failure),
        "next_attempt_at": iso(revocation.next_attempt_at),
    }


def deployment_document(deployment: Deployment) -> dict[str, Any]:
    """Return how one deployment stands."""
    return {
        "id": deployment.id,
        "target": deployment.settings.target,
        "status": deployment.status.value,
        "failure": failure_document(deployment.failure),
        "failure_count": deployment.failure_count,
        "next_attempt_at": iso(deployment.next_attempt_at),
    }


def plan_document(planned: Inspection) -> dict[str, Any]:
    """Return what one deployment would change, or why that cannot be said."""
    return {
        "deployment": planned.deployment.id,
        "target": planned.deployment.settings.target,
        "changes": [
            {"action": change.action, "subject": change.subject, "detail": change.detail} for change in planned.changes
        ],
        "failure": failure_document(planned.failure),
    }


def verification_document(seen: Inspection) -> dict[str, Any]:
    """Return whether one deployment is in place, and if not, why."""
    return {
        "deployment": seen.deployment.id,
        "target": seen.deployment.settings.target,
        "verified": seen.failure is None,
        "failure": failure_document(seen.failure),
    }


def event_document(event: Event) -> dict[str, Any]:
    """Return one thing that happened."""
    return {
        "at": iso(event.at),
        "kind": event.kind.value,
        "message": event.message,
        "failure": failure_document(event.failure),
    }


def operation_document(operation: Operation) -> dict[str, Any]:
    """Return how long work is doing."""
    return {
        "id": operation.id,
        "certificate_id": operation.certificate_id,
        "outcome": operation.outcome,
        "events": [event_document(event) for event in operation.events],
    }


def _issued(issued: Issued | None) -> dict[str, Any] | None:
    if issued is None:
        return None
    return {
        "serial": issued.serial,
        "thumbprint": issued.thumbprint,
        "issuer": issued.issuer,
        "not_before": iso(issued.not_before),
        "not_after": iso(issued.not_after),
        "authority": issued.authority,
        "staging": issued.staging,
        "left_out": list(issued.left_out),
        "revoked_at": iso(issued.revoked_at),
        "second": _issued(issued.second),
    }


def _setbacks(setbacks: Setbacks) -> dict[str, Any]:
    return {**setbacks.model_dump(), "complete_at": iso(setbacks.complete_at)}


def _ari(known: RenewalInformation | None) -> dict[str, Any] | None:
    if known is None:
        return None
    window = known.window
    return {
        "start": iso(window.start) if window else None,
        "end": iso(window.end) if window else None,
        "chosen": iso(window.chosen) if window else None,
        "explanation_url": window.explanation_url if window else None,
        "checked_at": iso(known.checked_at),
        "next_check_at": iso(known.next_check_at),
        "problem": known.problem,
    }


def failure_document(failure: Failure | None) -> dict[str, Any] | None:
    """Return what went wrong, None if nothing did."""
    return failure.model_dump(mode="json") if failure else None
