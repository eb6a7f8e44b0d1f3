"""Queries over the windows in which authorities want certificates renewed: which to read, and what was read."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, bindparam, func, select, update

from certify_core.domain.ari import RenewalInformation
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.schedule import due
from certify_core.store.database import Database
from certify_core.store.rows import C, find
from certify_core.store.tables import CERTIFICATES

LEASE = 900.0
"""Seconds after which a reading that was claimed and never kept is due again: then its process is gone."""
_NEXT = select(func.min(C.ari_check_at))
_SAVE = (
    update(CERTIFICATES)
    .where(C.id == bindparam("which"))
    .values(ari=bindparam("new_ari"), ari_check_at=bindparam("new_ari_check_at"))
)


class RenewalWindows:
    """The windows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_moment(self) -> float | None:
        """Return when the next reading is due, None if none is."""
        with self._database.read() as connection:
            return connection.execute(_NEXT).scalar()

    def claim_due(self, now: float, limit: int) -> list[str]:
        """Return the ids of the certificates whose window is to be read, each to one caller only."""
        query = select(C.id).where(C.ari_check_at <= now).order_by(C.ari_check_at).limit(limit)
        with self._database.write() as connection:
            ids = list(connection.execute(query).scalars())
            connection.execute(update(CERTIFICATES).where(C.id.in_(ids)), {"ari_check_at": now + LEASE})
        return ids

    def keep(self, certificate_id: str, learnt: RenewalInformation) -> ManagedCertificate | None:
        """Keep what was learnt, and when the certificate is due with that; None if it has another one meanwhile."""
        with self._database.write() as connection:
            current = find(connection, certificate_id)
            if current is None or current.ari is None or current.ari.ari_id != learnt.ari_id:
                return None
            changed = replace(current, ari=learnt)
            save_renewal_information(connection, changed)
            if current.status is not Status.RUNNING:
                changed = replace(changed, next_due_at=due(changed).at)
                values = {"next_due_at": changed.next_due_at}
                connection.execute(update(CERTIFICATES).where(C.id == certificate_id), values)
        return changed


def save_renewal_information(connection: Connection, certificate: ManagedCertificate) -> None:
    """Write what is known of a certificate's window, and when it is read next."""
    ari = certificate.ari
    values = {"new_ari": ari and ari.model_dump_json(), "new_ari_check_at": ari and ari.reading_at}
    connection.execute(_SAVE, {"which": certificate.id, **values})
