"""Queries of health checks: they walk along an index, a page at a time, and disturb nobody."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from sqlalchemy import select

from certify_core.domain.identifiers import Identifier
from certify_core.domain.settings import CertificateSettings
from certify_core.store.database import Database
from certify_core.store.rows import C

PAGE = 500


class Inspection:
    """What is worth looking at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ending(self, before: float, limit: int) -> list[tuple[str, str, float]]:
        """Return id, name and end of the certificates that end before a moment, the earliest first."""
        query = select(C.id, C.name, C.expires_at).where(C.expires_at < before).order_by(C.expires_at).limit(limit)
        with self._database.read() as connection:
            return [(row.id, row.name, row.expires_at) for row in connection.execute(query)]

    def due_next(self, limit: int) -> list[tuple[str, tuple[Identifier, ...], str]]:
        """Return id, names and authority of the certificates that are renewed next."""
        query = select(C.id, C.settings).where(C.next_due_at.is_not(None)).order_by(C.next_due_at).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        wanted = [(row.id, CertificateSettings.model_validate_json(row.settings)) for row in rows]
        return [(certificate_id, item.parsed_identifiers, item.authority) for certificate_id, item in wanted]

    def issued(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield id and name of every managed certificate with the ids of what it uses now."""
        last = ""
        while True:
            query = select(C.id, C.name, C.issued).where(C.id > last).order_by(C.id).limit(PAGE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                if row.issued is not None:
                    yield row.id, row.name, _ids(orjson.loads(row.issued))
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def wanted(self) -> Iterator[tuple[str, CertificateSettings]]:
        """Yield id and settings of every managed certificate."""
        last = ""
        while True:
            query = select(C.id, C.settings).where(C.id > last).order_by(C.id).limit(PAGE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield row.id, CertificateSettings.model_validate_json(row.settings)
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def is_there(self, certificate_id: str) -> bool:
        """Whether there is a managed certificate of this id."""
        with self._database.read() as connection:
            return connection.execute(select(C.id).where(C.id == certificate_id)).first() is not None


def _ids(issued: dict[str, object]) -> list[str]:
    """Return the id of what was issued, and of the other one of a pair."""
    ids = [str(issued["id"])]
    second = issued.get("second")
    return [*ids, *(_ids(second) if isinstance(second, dict) else ())]
