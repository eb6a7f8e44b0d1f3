"""A certificate authority that a user names, beside those that plugins bring: such as one of the house."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from certify_core.domain.settings import Wanted

AuthorityId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class AuthoritySettings(Wanted):
    """What a user says about one ACME authority."""

    title: str = Field(default="", max_length=255)
    """What it is, for people."""
    directory: str
    """Address of its ACME directory (RFC 8555 section 7.1.1)."""
    ca_bundle: str | None = None
    """A PEM file with the roots by which the directory's own TLS certificate is checked; the system's if not given."""
    staging: bool = False
    """Whether its certificates are for tests and trusted by nobody."""
    needs_eab: bool = False
    """Whether it opens accounts only with an external account binding (RFC 8555 section 7.3.4)."""
    rehearsal: str | None = None
    """The id of the authority for tests that validates names as this one does."""

    @field_validator("directory")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("give the whole address of an ACME directory, such as https://ca.example.com/directory")
        return value


class NamedAuthority(AuthoritySettings):
    """One as it is stored."""

    id: AuthorityId
    version: int
    created_at: float
    updated_at: float
