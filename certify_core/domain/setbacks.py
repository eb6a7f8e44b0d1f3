"""What failed attempts have taught about a managed certificate: kept until one succeeds, or the settings change."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Setbacks(BaseModel):
    """What the next attempt does otherwise because of those before it."""

    model_config = ConfigDict(frozen=True)

    authority: str | None = None
    """The fallback authority that has the next turn; None for the one of the settings."""
    rehearse: bool = False
    """Whether names are first validated at an authority for tests: where it counts they were refused."""
    names: dict[str, int] = {}
    """How often each name failed in a row; those that never did are missing."""
    complete_at: float | None = None
    """When names that were left out are tried again; seconds since the epoch."""


NO_SETBACKS = Setbacks()
