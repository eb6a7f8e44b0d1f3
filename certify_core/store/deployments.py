"""Queries over the deployments of managed certificates."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select, update

from certify_core.domain.certificate import Deployment, DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.schedule import status_of
from certify_core.domain.settings import CertificateSettings
from certify_core.errors import InvalidInput, NotFound
from certify_core.store.database import Database
from certify_core.store.rows import C, D, deployment_of, deployment_state, load
from certify_core.store.tables import CERTIFICATES, DEPLOYMENTS


class Deployments:
    """The deployments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, deployment_id: str) -> Deployment:
        """Return one deployment.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            row = connection.execute(select(DEPLOYMENTS).where(D.id == deployment_id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no deployment {deployment_id}.", "It was removed meanwhile.")
        return deployment_of(row)

    def save(self, deployment: Deployment, issued_id: str, now: float) -> ManagedCertificate:
        """Keep how the deployment of `issued_id` went, and with it the certificate's status.

        Nothing is kept if a newer certificate was issued meanwhile, or if somebody has claimed the deployment since
        `deployment` was read: then it is done again anyway.

        Raises:
            NotFound: the certificate was deleted meanwhile.
        """
        with self._database.write() as connection:
            current = load(connection, deployment.certificate_id)
            if current.issued is None or current.issued.id != issued_id:
                return current
            unclaimed = update(DEPLOYMENTS).where(D.id == deployment.id, D.claims == deployment.claims)
            connection.execute(unclaimed, deployment_state(deployment))
            current = load(connection, deployment.certificate_id)
            if current.status is Status.RUNNING:
                return current
            changed = replace(current, status=status_of(current, now))
            connection.execute(update(CERTIFICATES).where(C.id == changed.id), {"status": changed.status.value})
        return changed

    def claim(self, certificate_id: str, deployments: Collection[str], now: float) -> list[str]:
        """Note that somebody wants the current certificate deployed again, here or everywhere; return what is claimed.

        Each is the caller's alone to deploy, and due again at once if this process ends before it has.

        Raises:
            NotFound: there is no such certificate or deployment, or no certificate was issued yet.
            InvalidInput: it is deployed nowhere.
        """
        with self._database.write() as connection:
            current = load(connection, certificate_id)
            chosen = current.chosen(deployments)
            if not chosen:
                raise InvalidInput(
                    "deployments",
                    f"{current.settings.title} is deployed nowhere.",
                    "Say where: certify edit NAME --deploy TARGET",
                )
            if current.issued is None:
                raise NotFound(f"{current.settings.title} has no certificate yet.", "Request one: certify renew NAME")
            ids = [item.id for item in chosen]
            pending = {"status": DeploymentStatus.PENDING.value, "next_attempt_at": None, "claims": D.claims + 1}
            connection.execute(update(DEPLOYMENTS).where(D.id.in_(ids)).values(pending))
            if current.status is not Status.RUNNING:
                status = status_of(load(connection, certificate_id), now)
                connection.execute(update(CERTIFICATES).where(C.id == certificate_id), {"status": status.value})
        return ids


# -- used within the transactions of the certificates ------------------------------------------------------------


def new_deployments(certificate: ManagedCertificate) -> tuple[Deployment, ...]:
    """Return the deployments of a certificate that is new itself."""
    return tuple(Deployment(uuid.uuid4().hex, certificate.id, item) for item in certificate.settings.deployments)


def merged_deployments(
    current: ManagedCertificate, settings: CertificateSettings, now: float
) -> tuple[Deployment, ...]:
    """Return the deployments for new settings: what stays the same keeps its state, what is new is due."""
    kept: dict[str, list[Deployment]] = {}
    for item in current.deployments:
        kept.setdefault(item.settings.model_dump_json(), []).append(item)
    fresh_status = DeploymentStatus.PENDING if current.issued else DeploymentStatus.NONE
    next_attempt_at = now if current.issued else None
    merged = []
    for wanted in settings.deployments:
        same = kept.get(wanted.model_dump_json())
        fresh = Deployment(uuid.uuid4().hex, current.id, wanted, status=fresh_status, next_attempt_at=next_attempt_at)
        merged.append(same.pop(0) if same else fresh)
    return tuple(merged)


def save_deployment_list(connection: Connection, before: ManagedCertificate, after: ManagedCertificate) -> None:
    """Remove, reorder and add rows so that the table has the deployments of `after`."""
    kept = {item.id for item in before.deployments} & {item.id for item in after.deployments}
    gone = [item.id for item in before.deployments if item.id not in kept]
    if gone:
        connection.execute(delete(DEPLOYMENTS).where(D.id.in_(gone)))
    for position, item in enumerate(after.deployments):
        if item.id in kept:
            connection.execute(update(DEPLOYMENTS).where(D.id == item.id), {"position": position})
        else:
            insert_deployments(connection, [item], position)


def insert_deployments(connection: Connection, deployments: Sequence[Deployment], first: int = 0) -> None:
    """Add rows, the first at position `first`."""
    for position, item in enumerate(deployments, first):
        row = {
            "id": item.id,
            "certificate_id": item.certificate_id,
            "position": position,
            "settings": item.settings.model_dump_json(),
            **deployment_state(item),
        }
        connection.execute(insert(DEPLOYMENTS), row)
