"""Queries over revocations: what is wanted is committed before the authority is asked, with all that this takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, insert, select, update

from certify_core.domain.certificate import Issued, ManagedCertificate, Status
from certify_core.domain.failure import Failure
from certify_core.domain.revocation import Revocation, RevocationReason, RevocationState
from certify_core.store.database import Database
from certify_core.store.rows import find, save_state, with_status
from certify_core.store.secrets import Vault
from certify_core.store.tables import ORDERS, REVOCATIONS

R = REVOCATIONS.c
O = ORDERS.c  # noqa: E741 - as R


_COMPROMISED = (
    select(R.issued_id)
    .where(
        R.certificate_id == bindparam("whose"),
        R.key_digest == bindparam("which"),
        R.reason == RevocationReason.KEY_COMPROMISE.value,
    )
    .limit(1)
)


class Revocations:
    """The revocations."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    # -- reading -------------------------------------------------------------------------------------------------

    def find(self, certificate_id: str, issued_id: str) -> Revocation | None:
        """Return what is wanted or known of one issued certificate."""
        return next(iter(self._select(_which(certificate_id, issued_id))), None)

    def of(self, certificate_id: str) -> list[Revocation]:
        """Return the revocations of one managed certificate, the oldest first."""
        found = self._select(R.certificate_id == certificate_id)
        return sorted(found, key=lambda revocation: revocation.wanted_at)

    def unfinished(self) -> list[str]:
        """Return the names of the revocations that the authority is still to be asked for."""
        query = select(R.certificate_id, R.issued_id).where(R.state == RevocationState.WANTED.value)
        with self._database.read() as connection:
            return [f"{row.certificate_id}/{row.issued_id}" for row in connection.execute(query)]

    def ordered_at(self, certificate_id: str, issued_id: str) -> tuple[str, str | None] | None:
        """Return at which authority an issued certificate was ordered, and with which TLS roots, if that is known."""
        order_id = issued_id.rpartition("_")[2]  # as far as the name of what was issued has it
        query = select(O.document).where(O.certificate_id == certificate_id, O.id.startswith(order_id))
        with self._database.read() as connection:
            document = connection.execute(query).scalar()
        if document is None:
            return None
        order = orjson.loads(document)
        return order["authority"], order["ca_bundle"]

    # -- changing ------------------------------------------------------------------------------------------------

    def want(self, revocation: Revocation) -> Revocation:
        """Keep that a certificate is to be revoked; an earlier wish for the same one is replaced.

        A key that was called compromised once stays so.
        """
        with self._database.write() as connection:
            which = _which(revocation.certificate_id, revocation.issued_id)
            before = connection.execute(select(R.reason, R.revoked_at).where(which)).first()
            if before is not None:
                compromised = before.reason == RevocationReason.KEY_COMPROMISE
                reason = RevocationReason.KEY_COMPROMISE if compromised else revocation.reason
                revocation = replace(revocation, reason=reason, revoked_at=before.revoked_at)
                connection.execute(delete(REVOCATIONS).where(which))
            self.insert(connection, revocation)
        return revocation

    def postpone(self, revocation: Revocation, failure: Failure, next_attempt_at: float) -> Revocation:
        """Note that an attempt failed and another one comes."""
        return self._failed(revocation, failure, RevocationState.WANTED, next_attempt_at)

    def refuse(self, revocation: Revocation, failure: Failure) -> Revocation:
        """Note that the authority does not revoke it."""
        return self._failed(revocation, failure, RevocationState.REFUSED, None)

    def complete(self, revocation: Revocation, now: float) -> tuple[Revocation, ManagedCertificate | None]:
        """Note that the authority has revoked it; return that, and the managed certificate if there still is one.

        Its current certificate is marked if it is the one that was revoked, or has the same compromised key; the first
        one of a pair that waits for the second is then forgotten.
        """
        revoked_at = now if revocation.revoked_at is None else revocation.revoked_at
        done = replace(
            revocation,
            state=RevocationState.REVOKED,
            revoked_at=revoked_at,
            private_key_pem="",
            failure=None,
            next_attempt_at=None,
        )
        with self._database.write() as connection:
            current = find(connection, revocation.certificate_id)
            if current is None:
                connection.execute(delete(REVOCATIONS).where(_which(done.certificate_id, done.issued_id)))
                return done, None
            self._save(connection, done)
            has_other_keys = current.settings.csr is None
            marked = _marked(current.issued, done, has_other_keys=has_other_keys) if current.issued else None
            half_is_gone = current.half is not None and _marked(current.half, done, has_other_keys=True) is not None
            if marked is None and not half_is_gone:
                return done, current
            at_once = marked is not None and marked.replace
            changed = replace(
                current,
                issued=marked or current.issued,
                half=None if half_is_gone else current.half,
                retry_at=None if at_once else current.retry_at,
            )
            if current.status is not Status.RUNNING:
                changed = with_status(changed, now)
            save_state(connection, changed)
        return done, changed

    def forget(self, certificate_id: str) -> None:
        """Remove what is over and done with of a managed certificate that is gone."""
        with self._database.write() as connection:
            over = and_(R.certificate_id == certificate_id, R.state != RevocationState.WANTED.value)
            connection.execute(delete(REVOCATIONS).where(over))

    def issued_ids(self, connection: Connection, certificate_id: str) -> list[str]:
        """Return which issued certificates of a managed one were or are to be revoked, as part of a transaction."""
        return list(connection.execute(select(R.issued_id).where(R.certificate_id == certificate_id)).scalars())

    def insert(self, connection: Connection, revocation: Revocation) -> None:
        """Keep a revocation that is not here yet, as part of a transaction."""
        connection.execute(insert(REVOCATIONS), self._row(revocation))

    # -- rows ----------------------------------------------------------------------------------------------------

    def _failed(
        self, revocation: Revocation, failure: Failure, state: RevocationState, next_attempt_at: float | None
    ) -> Revocation:
        failed = replace(
            revocation,
            state=state,
            failure=failure,
            failure_count=revocation.failure_count + 1,
            next_attempt_at=next_attempt_at,
        )
        with self._database.write() as connection:
            self._save(connection, failed)
        return failed

    def _save(self, connection: Connection, revocation: Revocation) -> None:
        values = _progress(revocation)
        if not revocation.private_key_pem:
            values["sealed_key"] = None
        which = _which(revocation.certificate_id, revocation.issued_id)
        connection.execute(update(REVOCATIONS).where(which).values(values))

    def _select(self, condition: Any) -> list[Revocation]:
        with self._database.read() as connection:
            rows = connection.execute(select(REVOCATIONS).where(condition)).mappings().all()
        return [self._revocation(row) for row in rows]

    def _row(self, revocation: Revocation) -> dict[str, Any]:
        key = revocation.private_key_pem
        return {
            "certificate_id": revocation.certificate_id,
            "issued_id": revocation.issued_id,
            "serial": revocation.serial,
            "authority": revocation.authority,
            "ca_bundle": revocation.ca_bundle,
            "certificate": revocation.certificate_pem,
            "sealed_key": self._vault.seal(key.encode(), revocation.issued_id) if key else None,
            "key_digest": revocation.key_digest,
            "reason": revocation.reason.value,
            "renew": revocation.renew,
            "wanted_at": revocation.wanted_at,
            **_progress(revocation),
        }

    def _revocation(self, row: RowMapping) -> Revocation:
        sealed = row["sealed_key"]
        return Revocation(
            certificate_id=row["certificate_id"],
            issued_id=row["issued_id"],
            serial=row["serial"],
            authority=row["authority"],
            ca_bundle=row["ca_bundle"],
            certificate_pem=row["certificate"],
            private_key_pem=self._vault.unseal(sealed, row["issued_id"]).decode() if sealed else "",
            key_digest=row["key_digest"],
            reason=RevocationReason(row["reason"]),
            renew=row["renew"],
            wanted_at=row["wanted_at"],
            state=RevocationState(row["state"]),
            revoked_at=row["revoked_at"],
            failure=Failure.model_validate_json(row["failure"]) if row["failure"] else None,
            failure_count=row["failure_count"],
            next_attempt_at=row["next_attempt_at"],
        )


def is_compromised(connection: Connection, certificate_id: str, key_digest: str) -> bool:
    """Whether somebody has said that a key of this managed certificate is in wrong hands."""
    return connection.execute(_COMPROMISED, {"whose": certificate_id, "which": key_digest}).first() is not None


def _which(certificate_id: str, issued_id: str) -> Any:
    return and_(R.certificate_id == certificate_id, R.issued_id == issued_id)


def _progress(revocation: Revocation) -> dict[str, Any]:
    return {
        "state": revocation.state.value,
        "revoked_at": revocation.revoked_at,
        "failure": revocation.failure.model_dump_json() if revocation.failure else None,
        "failure_count": revocation.failure_count,
        "next_attempt_at": revocation.next_attempt_at,
    }


def _marked(issued: Issued, done: Revocation, *, has_other_keys: bool) -> Issued | None:
    """Return the current certificate as it stands after a revocation, None if it is not concerned.

    One whose key is compromised is replaced only if there can be another key: with a user's signing request there is
    none before the user brings another request.
    """
    second = _marked(issued.second, done, has_other_keys=has_other_keys) if issued.second else None
    compromised = done.reason is RevocationReason.KEY_COMPROMISE and issued.key_digest == done.key_digest
    if issued.id == done.issued_id:
        replace = done.renew and (has_other_keys or not compromised)
        marks = {"revoked_at": done.revoked_at, "replace": replace, "key_compromised": compromised}
        issued = issued.model_copy(update=marks)
    elif compromised:
        issued = issued.model_copy(update=compromise(has_other_keys=has_other_keys))
    elif second is None:
        return None
    if second is None:
        return issued
    return issued.model_copy(update={"second": second, "replace": issued.replace or second.replace})


def compromise(*, has_other_keys: bool) -> dict[str, Any]:
    """Return the marks of a certificate whose key is in wrong hands."""
    return {"replace": has_other_keys, "key_compromised": True}
