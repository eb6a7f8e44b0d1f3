"""What comes from another machine, written in one transaction: all of it is here then, or nothing.

Who imports has looked before at what is here. If that was changed meanwhile, nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, CursorResult, Table, delete, insert, update
from sqlalchemy.exc import IntegrityError

from certify_core.domain.authority import NamedAuthority
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.credential import Credential
from certify_core.domain.notification import Channel
from certify_core.domain.revocation import Revocation
from certify_core.domain.setbacks import NO_SETBACKS
from certify_core.domain.settings import CertificateSettings
from certify_core.errors import Conflict
from certify_core.store.accounts import Account, Accounts
from certify_core.store.channels import channel_row
from certify_core.store.configuration_tables import AUTHORITIES
from certify_core.store.credentials import credential_row, see_that_these_exist
from certify_core.store.database import Database
from certify_core.store.deployments import insert_deployments, merged_deployments, new_deployments, save_deployment_list
from certify_core.store.renewal_windows import save_renewal_information
from certify_core.store.revocations import Revocations
from certify_core.store.rows import C, D, certificate_row, deployment_state, find, with_status
from certify_core.store.tables import (
    ACCESS_TOKENS,
    ACCOUNTS,
    CERTIFICATES,
    CHANNELS,
    CREDENTIALS,
    DEPLOYMENTS,
)
from certify_core.store.tokens import StoredToken, token_row


@dataclass(frozen=True, slots=True)
class IncomingCertificate:
    """A managed certificate, and what it is to become here."""

    certificate: ManagedCertificate
    """As it comes; its settings are sealed for this machine."""
    revocations: Sequence[Revocation] = ()
    before: int | None = None
    """The version of the one here; None if there is none."""
    takes_settings: bool = True
    """Whether the settings here are replaced."""
    takes_issued: bool = True
    """Whether the certificate here is replaced."""


@dataclass(slots=True)
class Incoming:
    """All that is to be written; what is replaced comes with what was here, or its version."""

    authorities: list[tuple[NamedAuthority, int | None]] = field(default_factory=list)
    credentials: list[tuple[Credential, int | None]] = field(default_factory=list)
    accounts: list[tuple[Account, Account | None]] = field(default_factory=list)
    channels: list[tuple[Channel, int | None]] = field(default_factory=list)
    tokens: list[StoredToken] = field(default_factory=list)
    certificates: list[IncomingCertificate] = field(default_factory=list)


class Imports:
    """Writes what comes from another machine."""

    def __init__(self, database: Database, accounts: Accounts, revocations: Revocations) -> None:
        self._database = database
        self._accounts = accounts
        self._revocations = revocations

    def write(self, incoming: Incoming, now: float) -> None:
        """Write all of it.

        Raises:
            Conflict: something was changed since it was looked at; nothing is written.
        """
        try:
            with self._database.write() as connection:
                self._write(connection, incoming, now)
        except IntegrityError as error:
            raise _changed_meanwhile() from error

    def _write(self, connection: Connection, incoming: Incoming, now: float) -> None:
        for authority, before in incoming.authorities:
            _put(connection, AUTHORITIES, authority.model_dump(), before)
        for credential, before in incoming.credentials:
            _put(connection, CREDENTIALS, credential_row(credential), before)
        for account, known in incoming.accounts:
            if known is not None:
                _replaced(connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == known.id)))
            connection.execute(insert(ACCOUNTS), self._accounts.row(account))
        for channel, before in incoming.channels:
            see_that_these_exist(connection, {channel.credential: "credential"} if channel.credential else {})
            _put(connection, CHANNELS, channel_row(channel), before)
        for token in incoming.tokens:
            connection.execute(insert(ACCESS_TOKENS), token_row(token))
        for item in incoming.certificates:
            self._write_certificate(connection, item, now)

    def _write_certificate(self, connection: Connection, item: IncomingCertificate, now: float) -> None:
        current = find(connection, item.certificate.id)
        if (current.version if current else None) != item.before:
            raise _changed_meanwhile()
        if current is None:
            certificate = replace(item.certificate, deployments=new_deployments(item.certificate))
            certificate = with_status(_to_be_deployed(certificate, now), now)
            connection.execute(insert(CERTIFICATES), certificate_row(certificate))
            insert_deployments(connection, certificate.deployments)
            save_renewal_information(connection, certificate)
        else:
            self._change_certificate(connection, current, item, now)
        known = set(self._revocations.issued_ids(connection, item.certificate.id))
        for revocation in item.revocations:
            if revocation.issued_id not in known:
                self._revocations.insert(connection, revocation)

    def _change_certificate(
        self, connection: Connection, current: ManagedCertificate, item: IncomingCertificate, now: float
    ) -> None:
        if current.status is Status.RUNNING or current.order_id is not None:
            raise _changed_meanwhile()
        changed = current
        if item.takes_settings:
            changed = _with_settings(changed, item.certificate.settings, now)
        if item.takes_issued:
            changed = _to_be_deployed(_with_issued(changed, item.certificate), now)
        changed = with_status(replace(changed, version=current.version + 1, updated_at=now), now)
        save_deployment_list(connection, current, changed)
        connection.execute(update(CERTIFICATES).where(C.id == changed.id), certificate_row(changed))
        save_renewal_information(connection, changed)
        for deployment in changed.deployments:
            connection.execute(update(DEPLOYMENTS).where(D.id == deployment.id), deployment_state(deployment))


def _with_settings(current: ManagedCertificate, settings: CertificateSettings, now: float) -> ManagedCertificate:
    deployments = merged_deployments(current, settings, now)
    changed = replace(current, settings=settings, deployments=deployments, setbacks=NO_SETBACKS)
    return replace(changed, failure=None, failure_count=0, retry_at=None, use_last_duplicate=False)


def _with_issued(current: ManagedCertificate, theirs: ManagedCertificate) -> ManagedCertificate:
    return replace(
        current,
        issued=theirs.issued,
        half=theirs.half,
        ari=theirs.ari,
        failure=theirs.failure,
        failure_count=theirs.failure_count,
        retry_at=theirs.retry_at,
        setbacks=theirs.setbacks,
    )


def _to_be_deployed(certificate: ManagedCertificate, now: float) -> ManagedCertificate:
    """Return it with every deployment due: what was in place on another machine is not so on this one."""
    if certificate.issued is None:
        return certificate
    due = tuple(
        replace(item, status=DeploymentStatus.PENDING, failure=None, failure_count=0, next_attempt_at=now)
        for item in certificate.deployments
    )
    return replace(certificate, deployments=due)


def _put(connection: Connection, table: Table, row: dict[str, Any], before: int | None) -> None:
    """Insert a row, or update the one that still has the version `before`."""
    row = {**row, "version": (before or 0) + 1}
    if before is None:
        connection.execute(insert(table), row)
    else:
        _replaced(connection.execute(update(table).where(table.c.id == row["id"], table.c.version == before), row))


def _replaced(result: CursorResult[Any]) -> None:
    if result.rowcount != 1:
        raise _changed_meanwhile()


def _changed_meanwhile() -> Conflict:
    return Conflict("Something was changed here while it was imported; nothing was written.", "Import it again.")
