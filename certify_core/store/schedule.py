"""Queries for the scheduler: what is due, claimed by one worker only, and when the next thing will be."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import and_, func, or_, select, update

from certify_core.domain.certificate import DeploymentStatus, Status
from certify_core.store.database import Database
from certify_core.store.rows import C, D, find, load, save_state, with_due, with_status
from certify_core.store.tables import CERTIFICATES, DEPLOYMENTS

_NEXT = select(*(select(func.min(column)).scalar_subquery() for column in (C.next_due_at, D.next_attempt_at)))


class Schedule:
    """What is due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, certificate_id: str, now: float, *, use_last_duplicate: bool = False) -> None:
        """Note that somebody wants a certificate now; leave to use the last duplicate counts until it is issued."""
        with self._database.write() as connection:
            current = load(connection, certificate_id)
            last = use_last_duplicate or current.use_last_duplicate
            current = replace(current, requested_at=now, use_last_duplicate=last)
            save_state(connection, current if current.status is Status.RUNNING else with_due(current))

    def release(self, certificate_id: str, now: float) -> None:
        """Give up a claim without an attempt: the certificate is due whenever it is due."""
        with self._database.write() as connection:
            current = find(connection, certificate_id)
            if current is not None:
                save_state(connection, with_status(current, now))

    def claim_due(self, now: float, limit: int) -> list[str]:
        """Return the ids of what is due and mark them as running, so that nobody else takes them."""
        if limit <= 0:
            return []
        query = select(C.id).where(C.next_due_at <= now).order_by(C.next_due_at).limit(limit)
        with self._database.read() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            ids = list(connection.execute(query).scalars())
            values = {"status": Status.RUNNING.value, "next_due_at": None}
            connection.execute(update(CERTIFICATES).where(C.id.in_(ids)), values)
        return ids

    def claim_due_deployments(self, now: float, limit: int) -> list[str]:
        """Return the ids of deployments that are due, each to one caller only."""
        if limit <= 0:
            return []
        query = select(D.id).where(D.next_attempt_at <= now).order_by(D.next_attempt_at).limit(limit)
        with self._database.read() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            ids = list(connection.execute(query).scalars())
            connection.execute(update(DEPLOYMENTS).where(D.id.in_(ids)), {"next_attempt_at": None})
        return ids

    def next_moment(self) -> float | None:
        """Return when the next certificate or deployment is due, None if none ever is."""
        with self._database.read() as connection:
            moments = connection.execute(_NEXT).one()
        return min((moment for moment in moments if moment is not None), default=None)

    def recover(self, now: float) -> None:
        """After a start: nobody is at anything, so all that was claimed is due again."""
        with self._database.write() as connection:
            running = list(connection.execute(select(C.id).where(C.status == Status.RUNNING.value)).scalars())
            for certificate_id in running:
                save_state(connection, with_status(load(connection, certificate_id), now))
            unfinished = (DeploymentStatus.PENDING.value, DeploymentStatus.FAILED.value)
            interrupted = and_(D.status.in_(unfinished), D.next_attempt_at.is_(None))
            connection.execute(update(DEPLOYMENTS).where(interrupted), {"next_attempt_at": now})

    def due_but_waiting(self, now: float) -> list[str]:
        """Return the ids of what is due now, or would be if an earlier failure did not hold it back."""
        held_back = and_(C.retry_at > now, C.next_due_at == C.retry_at)
        query = select(C.next_due_at, C.id).where(or_(C.next_due_at <= now, held_back))
        with self._database.read() as connection:
            # Sorted here: asked for an order, the database would walk through all there are.
            return [row.id for row in sorted(connection.execute(query))]
