"""The tables, the same for every database. Times are seconds since the epoch; documents are JSON text.

What lists are filtered and sorted by has columns and indexes of its own; the rest stays in documents.
"""

from __future__ import annotations

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel


class CertificateRow(SQLModel, table=True):
    """One managed certificate."""

    __tablename__ = "managedcertificate"
    __table_args__ = (
        Index("ix_managedcertificate_name_id", "name", "id"),
        Index("ix_managedcertificate_status_name_id", "status", "name", "id"),
        Index("ix_managedcertificate_next_due_at", "next_due_at"),
        Index("ix_managedcertificate_retry_at", "retry_at"),
        Index("ix_managedcertificate_expires_at", "expires_at"),
        Index("ix_managedcertificate_ari_check_at", "ari_check_at"),
        # A search reads this index alone, in the list's order; elsewhere texts are too long for an index.
        Index("ix_managedcertificate_search", "name", "id", "status", "search").ddl_if(dialect="sqlite"),
    )

    id: str = Field(primary_key=True)
    version: int
    name: str
    identifiers: str = Field(sa_type=Text)
    """Separated by blanks."""
    search: str = Field(sa_type=Text)
    """Name and identifiers as a search compares them: case-folded, A-labels and U-labels."""
    status: str
    expires_at: float | None = None
    next_due_at: float | None = None
    settings: str = Field(sa_type=Text)
    issued: str | None = Field(default=None, sa_type=Text)
    order_id: str | None = None
    requested_at: float | None = None
    failure: str | None = Field(default=None, sa_type=Text)
    failure_count: int = 0
    retry_at: float | None = None
    half: str | None = Field(default=None, sa_type=Text)
    """The first one of a pair, which waits for the second."""
    setbacks: str | None = Field(default=None, sa_type=Text)
    """What failed attempts have taught, if they have."""
    use_last_duplicate: bool = False
    """Whether the request under way may take the last certificate for its set of names."""
    ari: str | None = Field(default=None, sa_type=Text)
    """What is known of the window in which its authority wants it renewed."""
    ari_check_at: float | None = None
    """When that is read next; None if its authority suggests nothing."""
    created_at: float
    updated_at: float


class OrderRow(SQLModel, table=True):
    """One order; its private key is sealed and leaves the row when the order ends."""

    __tablename__ = "certificateorder"
    __table_args__ = (Index("ix_certificateorder_certificate_id", "certificate_id", "created_at"),)

    id: str = Field(primary_key=True)
    certificate_id: str = Field(foreign_key="managedcertificate.id", ondelete="CASCADE")
    state: str
    url: str | None = None
    document: str = Field(sa_type=Text)
    """What was known when the order was made."""
    progress: str = Field(default="{}", sa_type=Text)
    """What was learnt on its way."""
    sealed_key: bytes | None = None
    created_at: float
    updated_at: float


class DeploymentRow(SQLModel, table=True):
    """One place where a managed certificate goes."""

    __tablename__ = "deployment"
    __table_args__ = (
        Index("ix_deployment_certificate_id", "certificate_id", "position"),
        Index("ix_deployment_next_attempt_at", "next_attempt_at"),
        Index("ix_deployment_status", "status"),
    )

    id: str = Field(primary_key=True)
    certificate_id: str = Field(foreign_key="managedcertificate.id", ondelete="CASCADE")
    position: int
    settings: str = Field(sa_type=Text)
    status: str
    deployed_id: str | None = None
    failure: str | None = Field(default=None, sa_type=Text)
    failure_count: int = 0
    next_attempt_at: float | None = None
    claims: int = 0
    """How often somebody has wanted it done again."""


class AccountRow(SQLModel, table=True):
    """One account at one ACME directory."""

    __tablename__ = "account"

    id: str = Field(primary_key=True)
    directory: str = Field(unique=True)
    ca_bundle: str | None = None
    sealed_key: bytes
    sealed_next_key: bytes | None = None
    """What the authority is being asked to take in the key's place."""
    deactivating: bool = False
    """Whether the authority is being asked to close it."""
    url: str | None = None
    orders_url: str | None = None
    contact: str = "[]"
    eab_kid: str | None = None
    created_at: float


class CredentialRow(SQLModel, table=True):
    """Parameters that many managed certificates share."""

    __tablename__ = "credential"

    id: str = Field(primary_key=True)
    provider: str
    title: str
    parameters: str = Field(sa_type=Text)
    version: int
    created_at: float
    updated_at: float


class LedgerRow(SQLModel, table=True):
    """How much of one rate limit is spent for one subject."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ix_ledger_full_at", "directory", "kind", "full_at"),
        Index("ix_ledger_spent_at", "spent_at"),
    )

    directory: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    full_at: float
    """When nothing of it will be spent any more."""
    spent_at: float
    """When something was spent last."""


class AnnouncementRow(SQLModel, table=True):
    """A rate limit that an authority has announced by refusing."""

    __tablename__ = "announcedlimit"
    __table_args__ = (Index("ix_announcedlimit_until", "until"),)

    directory: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    until: float
    text: str = Field(sa_type=Text)
    remedy: str = Field(sa_type=Text)


class RevocationRow(SQLModel, table=True):
    """One certificate that was or is to be revoked, with all that takes: it outlives its managed certificate."""

    __tablename__ = "revocation"
    __table_args__ = (Index("ix_revocation_state", "state"),)

    certificate_id: str = Field(primary_key=True)
    issued_id: str = Field(primary_key=True)
    serial: str
    authority: str
    ca_bundle: str | None = None
    certificate: str = Field(sa_type=Text)
    """The certificate in PEM, without its chain."""
    sealed_key: bytes | None = None
    """Its private key, until it is revoked."""
    key_digest: str
    reason: str
    renew: bool
    state: str
    wanted_at: float
    revoked_at: float | None = None
    failure: str | None = Field(default=None, sa_type=Text)
    failure_count: int = 0
    next_attempt_at: float | None = None


class AccessTokenRow(SQLModel, table=True):
    """One access token; the token itself is nowhere."""

    __tablename__ = "accesstoken"
    __table_args__ = (Index("ix_accesstoken_digest", "digest", unique=True),)

    id: str = Field(primary_key=True)
    digest: str
    title: str
    role: str
    created_by: str
    created_at: float
    expires_at: float


class AuditRow(SQLModel, table=True):
    """One entry of the audit trail."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_request", "request"),)

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """Without gaps."""
    request: int | None = None
    """Of an outcome: the number of the request that it is of."""
    document: str = Field(sa_type=Text)
    previous: str
    """The hash of the entry before."""
    hash: str
    """Of the hash before and the document."""


class ChannelRow(SQLModel, table=True):
    """One channel by which people are told."""

    __tablename__ = "channel"

    id: str = Field(primary_key=True)
    notifier: str
    title: str
    parameters: str = Field(sa_type=Text)
    credential: str | None = None
    least: str
    summary: bool
    enabled: bool
    version: int
    created_at: float
    updated_at: float
    summary_at: float
    """When the last summary was written."""


class MessageRow(SQLModel, table=True):
    """One message on its way to one channel."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_channel_id", "channel_id", "written_at", "id"),)

    id: str = Field(primary_key=True)
    channel_id: str = Field(foreign_key="channel.id", ondelete="CASCADE")
    subject: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    severity: str
    written_at: float
    failure: str | None = Field(default=None, sa_type=Text)
    failure_count: int = 0


class TroubleRow(SQLModel, table=True):
    """One trouble that people were told of and that is not over."""

    __tablename__ = "trouble"

    code: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    finding: str = Field(sa_type=Text)
    since: float


CERTIFICATES = SQLModel.metadata.tables["managedcertificate"]
ORDERS = SQLModel.metadata.tables["certificateorder"]
DEPLOYMENTS = SQLModel.metadata.tables["deployment"]
ACCOUNTS = SQLModel.metadata.tables["account"]
CREDENTIALS = SQLModel.metadata.tables["credential"]
LEDGER = SQLModel.metadata.tables["ledger"]
ANNOUNCEMENTS = SQLModel.metadata.tables["announcedlimit"]
REVOCATIONS = SQLModel.metadata.tables["revocation"]
ACCESS_TOKENS = SQLModel.metadata.tables["accesstoken"]
AUDIT = SQLModel.metadata.tables["audit"]
CHANNELS = SQLModel.metadata.tables["channel"]
MESSAGES = SQLModel.metadata.tables["message"]
TROUBLES = SQLModel.metadata.tables["trouble"]
