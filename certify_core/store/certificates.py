"""Queries over managed certificates.

What is wanted changes by `update_settings`, guarded by a version; what is changes by the engine, whose queries touch
only their own columns. So a person's edit and the engine's progress never overwrite each other.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.setbacks import NO_SETBACKS
from certify_core.domain.settings import CertificateSettings
from certify_core.errors import Conflict, InvalidInput
from certify_core.store.credentials import see_that_they_exist
from certify_core.store.database import Also, Database, nothing_more
from certify_core.store.deployments import (
    insert_deployments,
    merged_deployments,
    new_deployments,
    save_deployment_list,
)
from certify_core.store.rows import C, certificate_row, load, with_due, with_status
from certify_core.store.search import found_by
from certify_core.store.tables import CERTIFICATES

_SUMMARY = (C.id, C.name, C.identifiers, C.status, C.expires_at, C.next_due_at, C.version)
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of summaries and how to ask for the next one."""

    items: list[dict[str, Any]]
    next: str | None


class Certificates:
    """The managed certificates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- what is wanted ------------------------------------------------------------------------------------------

    def create(
        self,
        settings: CertificateSettings,
        now: float,
        certificate_id: str | None = None,
        also: Also = nothing_more,
    ) -> ManagedCertificate:
        """Add a managed certificate.

        Raises:
            Conflict: the id is taken.
        """
        certificate = ManagedCertificate(
            id=certificate_id or uuid.uuid4().hex, version=1, settings=settings, created_at=now, updated_at=now
        )
        certificate = with_due(replace(certificate, deployments=new_deployments(certificate)))
        try:
            with self._database.write() as connection:
                see_that_they_exist(connection, settings)
                connection.execute(insert(CERTIFICATES), certificate_row(certificate))
                insert_deployments(connection, certificate.deployments)
                also(connection)
        except IntegrityError as error:
            raise Conflict(
                f"There is already a managed certificate with the id {certificate.id}.", "Give another id, or none."
            ) from error
        return certificate

    def update_settings(
        self,
        certificate_id: str,
        version: int,
        settings: CertificateSettings,
        now: float,
        also: Also = nothing_more,
    ) -> ManagedCertificate:
        """Replace the settings if nobody else has since `version`; a failed attempt's waiting time is over.

        Raises:
            Conflict: the stored version is another one.
        """
        with self._database.write() as connection:
            current = load(connection, certificate_id)
            if current.version != version:
                raise Conflict(
                    f"{current.settings.title} was changed by somebody else: it has version {current.version}, "
                    f"you changed version {version}.",
                    "Read it again and repeat the change.",
                )
            see_that_they_exist(connection, settings)
            changed = replace(
                current,
                version=version + 1,
                settings=settings,
                updated_at=now,
                failure=None,
                failure_count=0,
                retry_at=None,
                setbacks=NO_SETBACKS,
                use_last_duplicate=False,
                deployments=merged_deployments(current, settings, now),
            )
            if current.status is not Status.RUNNING:
                changed = with_status(changed, now)
            save_deployment_list(connection, current, changed)
            connection.execute(update(CERTIFICATES).where(C.id == certificate_id), certificate_row(changed))
            also(connection)
        return changed

    def delete(self, certificate_id: str, version: int | None = None, also: Also = nothing_more) -> None:
        """Remove a managed certificate with its orders and deployments; what was deployed stays where it is.

        Raises:
            Conflict: a version was given and the stored one is another.
        """
        with self._database.write() as connection:
            current = load(connection, certificate_id)
            if version is not None and current.version != version:
                raise Conflict(f"{current.settings.title} was changed since version {version}.", "Read it again first.")
            connection.execute(delete(CERTIFICATES).where(C.id == certificate_id))
            also(connection)

    # -- reading -------------------------------------------------------------------------------------------------

    def get(self, certificate_id: str) -> ManagedCertificate:
        """Return one managed certificate.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return load(connection, certificate_id)

    def page(self, *, limit: int = 50, after: str | None = None, search: str = "", status: str | None = None) -> Page:
        """Return summaries sorted by name; `after` is `Page.next` of the page before."""
        limit = min(max(limit, 1), MAX_PAGE)
        conditions: list[ColumnElement[bool]] = []
        if status is not None:
            # A search stays in the index that has all it reads, however many there are of the status.
            conditions.append((C.status.concat("") if search else C.status) == status)
        if after is not None:
            conditions.append(tuple_(C.name, C.id) > tuple_(*_cursor(after)))
        with self._database.read() as connection:
            if search:
                conditions.append(found_by(connection, search))
                # That index alone is walked, and the rows are fetched of what is on the page.
                found = select(C.id).where(*conditions).order_by(C.name, C.id).limit(limit + 1)
                conditions = [C.id.in_(found.correlate(None))]
            query = select(*_SUMMARY).where(*conditions).order_by(C.name, C.id).limit(limit + 1)
            rows = connection.execute(query).all()
        items = [_summary(row) for row in rows[:limit]]
        return Page(items, _cursor_after(rows[limit - 1]) if len(rows) > limit else None)

    def ids_named(self, name: str) -> list[str]:
        """Return the ids of all managed certificates of exactly this name."""
        with self._database.read() as connection:
            return list(connection.execute(select(C.id).where(C.name == name).order_by(C.id)).scalars())

    def count_by_status(self) -> dict[str, int]:
        """Return how many managed certificates there are of each status."""
        query = select(C.status, func.count()).group_by(C.status)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _summary(row: Any) -> dict[str, Any]:
    return {
        "id": row[0],
        "name": row[1],
        "identifiers": row[2].split(" "),
        "status": row[3],
        "expires_at": row[4],
        "next_due_at": row[5],
        "version": row[6],
    }


def _cursor_after(row: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row[1], row[0]])).decode()


def _cursor(text: str) -> tuple[str, str]:
    try:
        name, last_id = orjson.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise InvalidInput("after", "The page mark is not one of ours.", "Use `next` of the page before.") from error
    return str(name), str(last_id)
