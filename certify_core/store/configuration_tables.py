"""The tables of what configuration files bring besides certificates and credentials; as those in tables.py."""

from __future__ import annotations

from sqlalchemy import Text
from sqlmodel import Field, SQLModel


class AuthorityRow(SQLModel, table=True):
    """One certificate authority that a user has named."""

    __tablename__ = "authority"

    id: str = Field(primary_key=True)
    title: str
    directory: str
    ca_bundle: str | None = None
    staging: bool
    needs_eab: bool
    rehearsal: str | None = None
    version: int
    created_at: float
    updated_at: float


class ConfiguredRow(SQLModel, table=True):
    """One document of a configuration file as it was applied last."""

    __tablename__ = "configured"

    id: str = Field(primary_key=True)
    """Kind and name."""
    kind: str
    name: str
    object_id: str
    source: str
    file: str
    base: str = Field(sa_type=Text)
    """All fields as they were wanted, with digests in the place of secrets."""
    sealed_key: bytes
    """Of the digests."""
    applied_at: float


AUTHORITIES = SQLModel.metadata.tables["authority"]
CONFIGURED = SQLModel.metadata.tables["configured"]
