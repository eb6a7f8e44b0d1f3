"""A stored credential: parameters that many managed certificates share, such as the token of a DNS provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from certify_core.domain.settings import Wanted

CredentialId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class CredentialSettings(Wanted):
    """What a user says about one credential."""

    provider: str
    """The challenge provider or deployment target whose parameters these are: see ``certify plugins``."""
    title: str = Field(default="", max_length=255)
    """What it is, for people."""
    parameters: dict[str, JsonValue] = Field(min_length=1)
    """Some of the provider's parameters; who uses the credential may give others, and give these otherwise."""


class Credential(CredentialSettings):
    """One as it is stored: what is secret in the parameters is sealed."""

    id: CredentialId
    version: int
    created_at: float
    updated_at: float
