"""Rows and values: how managed certificates and deployments are read from the tables and written to them.

These functions work inside a transaction that their caller has opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import idna
from sqlalchemy import Connection, RowMapping, bindparam, select, update

from certify_core.domain.ari import RenewalInformation
from certify_core.domain.certificate import Deployment, DeploymentStatus, Issued, ManagedCertificate, Status
from certify_core.domain.failure import Failure
from certify_core.domain.schedule import due, status_of
from certify_core.domain.setbacks import NO_SETBACKS, Setbacks
from certify_core.domain.settings import CertificateSettings, DeploymentSettings
from certify_core.errors import NotFound
from certify_core.store.tables import CERTIFICATES, DEPLOYMENTS

C = CERTIFICATES.c
D = DEPLOYMENTS.c
_A_LABEL = re.compile(r"\bxn--[a-z0-9-]+")


def with_due(certificate: ManagedCertificate) -> ManagedCertificate:
    """Return the certificate with the moment at which it is due."""
    return replace(certificate, next_due_at=due(certificate).at)


def with_status(certificate: ManagedCertificate, now: float) -> ManagedCertificate:
    """Return the certificate with status and due moment as they follow from the rest."""
    return with_due(replace(certificate, status=status_of(certificate, now)))


def certificate_row(certificate: ManagedCertificate) -> dict[str, Any]:
    """Return all columns of a managed certificate."""
    return {
        "id": certificate.id,
        "version": certificate.version,
        "name": certificate.settings.title,
        "identifiers": " ".join(certificate.settings.identifiers),
        "search": _search_text(certificate.settings),
        "settings": certificate.settings.model_dump_json(),
        "created_at": certificate.created_at,
        "updated_at": certificate.updated_at,
        **_state(certificate),
    }


def _state(certificate: ManagedCertificate) -> dict[str, Any]:
    """Return the columns that say what is, and none of those that say what is wanted."""
    return {
        "status": certificate.status.value,
        "expires_at": certificate.issued.expires_at if certificate.issued else None,
        "next_due_at": certificate.next_due_at,
        "issued": certificate.issued.model_dump_json() if certificate.issued else None,
        "half": certificate.half.model_dump_json() if certificate.half else None,
        "order_id": certificate.order_id,
        "requested_at": certificate.requested_at,
        "failure": certificate.failure.model_dump_json() if certificate.failure else None,
        "failure_count": certificate.failure_count,
        "retry_at": certificate.retry_at,
        "setbacks": certificate.setbacks.model_dump_json() if certificate.setbacks != NO_SETBACKS else None,
        "use_last_duplicate": certificate.use_last_duplicate,
    }


def _search_text(settings: CertificateSettings) -> str:
    names = settings.identifiers
    # Every search reads all of this: what is part of another text is found there (`a.test` in `www.a.test`).
    # A line for each: no search goes over the end of one.
    return "\n".join(_not_within_others([settings.title.casefold(), *names, *(_unicode(name) for name in names)]))


def _not_within_others(texts: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for text in sorted(texts, key=len, reverse=True):
        if not any(text in longer for longer in kept):
            kept.append(text)
    return kept


def _unicode(name: str) -> str:
    """Return a name with its A-labels as people write them (RFC 5890 section 2.3.2.1)."""
    return _A_LABEL.sub(lambda label: idna.decode(label.group()), name).casefold()


def load(connection: Connection, certificate_id: str) -> ManagedCertificate:
    """Return a managed certificate with its deployments.

    Raises:
        NotFound: there is none.
    """
    certificate = find(connection, certificate_id)
    if certificate is None:
        raise NotFound(f"There is no managed certificate {certificate_id}.", "See `certify list`.")
    return certificate


def find(connection: Connection, certificate_id: str) -> ManagedCertificate | None:
    """Return a managed certificate with its deployments, or None."""
    row = connection.execute(_BY_ID, {"which": certificate_id}).mappings().first()
    if row is None:
        return None
    rows = connection.execute(_DEPLOYMENTS_OF, {"which": certificate_id}).mappings()
    return ManagedCertificate(
        id=row["id"],
        version=row["version"],
        settings=CertificateSettings.model_validate_json(row["settings"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        status=Status(row["status"]),
        issued=Issued.model_validate_json(row["issued"]) if row["issued"] else None,
        half=Issued.model_validate_json(row["half"]) if row["half"] else None,
        order_id=row["order_id"],
        requested_at=row["requested_at"],
        failure=Failure.model_validate_json(row["failure"]) if row["failure"] else None,
        failure_count=row["failure_count"],
        retry_at=row["retry_at"],
        setbacks=Setbacks.model_validate_json(row["setbacks"]) if row["setbacks"] else NO_SETBACKS,
        use_last_duplicate=row["use_last_duplicate"],
        next_due_at=row["next_due_at"],
        ari=RenewalInformation.model_validate_json(row["ari"]) if row["ari"] else None,
        deployments=tuple(deployment_of(deployment) for deployment in rows),
    )


_BY_ID = select(CERTIFICATES).where(C.id == bindparam("which"))
_DEPLOYMENTS_OF = select(DEPLOYMENTS).where(D.certificate_id == bindparam("which")).order_by(D.position)


def save_state(connection: Connection, certificate: ManagedCertificate) -> None:
    """Write the columns that say what is, and none of those that say what is wanted."""
    new = {f"new_{name}": value for name, value in _state(certificate).items()}
    connection.execute(_SAVE_STATE, {"which": certificate.id, **new})


_STATE_COLUMNS = (
    "status",
    "expires_at",
    "next_due_at",
    "issued",
    "half",
    "order_id",
    "requested_at",
    "failure",
    "failure_count",
    "retry_at",
    "setbacks",
    "use_last_duplicate",
)
_SAVE_STATE = (
    update(CERTIFICATES)
    .where(C.id == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in _STATE_COLUMNS})
)


def deployment_of(row: RowMapping) -> Deployment:
    """Return the deployment in a row."""
    return Deployment(
        id=row["id"],
        certificate_id=row["certificate_id"],
        settings=DeploymentSettings.model_validate_json(row["settings"]),
        status=DeploymentStatus(row["status"]),
        deployed_id=row["deployed_id"],
        failure=Failure.model_validate_json(row["failure"]) if row["failure"] else None,
        failure_count=row["failure_count"],
        next_attempt_at=row["next_attempt_at"],
        claims=row["claims"],
    )


def deployment_state(deployment: Deployment) -> dict[str, Any]:
    """Return the columns that say how a deployment stands, and none of those that say what is wanted."""
    return {
        "status": deployment.status.value,
        "deployed_id": deployment.deployed_id,
        "failure": deployment.failure.model_dump_json() if deployment.failure else None,
        "failure_count": deployment.failure_count,
        "next_attempt_at": deployment.next_attempt_at,
    }
