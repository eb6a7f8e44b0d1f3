"""What is known of something that was made by a configuration file: which one, and what it said when it was applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Configured:
    """One document as it was applied last."""

    kind: str
    name: str
    object_id: str
    """Of the managed certificate, credential, authority or account; empty if nothing is kept of it but this."""
    source: str
    """The folder or file that was applied."""
    file: str
    """The file in it."""
    base: Mapping[str, JsonValue]
    """All fields as they were wanted; of a secret a digest under `digest_key`."""
    digest_key: bytes = field(repr=False)
    applied_at: float
    """Seconds since the epoch."""

    @property
    def id(self) -> str:
        """Kind and name."""
        return f"{self.kind}/{self.name}"
