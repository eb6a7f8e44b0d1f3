"""What people are told, and the channels by which they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from certify_core.domain.failure import Failure
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.settings import Wanted

ChannelId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell somebody; plain text without secrets."""

    subject: str
    """One line."""
    text: str
    severity: Severity
    """How bad the worst is that it tells of; ``ok`` when something has become well again."""


class ChannelSettings(Wanted):
    """What a user says about one channel."""

    notifier: str = "apprise"
    """Name of a notifier: see ``certify plugins``."""
    title: str = Field(default="", max_length=255)
    """Who is told by it, for people."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """What the notifier asks for; checked against its own model."""
    credential: str | None = None
    """A stored credential with more parameters: see ``certify credential list``."""
    least: Literal[Severity.WARNING, Severity.ERROR] = Severity.WARNING
    """How bad a trouble has to be to be told."""
    summary: bool = True
    """Whether a summary is sent every week."""
    enabled: bool = True
    """Without it nothing is sent; what waits is kept."""


class Channel(ChannelSettings):
    """One as it is stored: what is secret in the parameters is sealed."""

    id: ChannelId
    version: int
    created_at: float
    updated_at: float
    summary_at: float
    """When the last summary was written, in seconds since the epoch; 0.0 if none was: the first one comes at once."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message on its way to one channel."""

    id: str
    channel_id: str
    message: Message
    written_at: float
    """Seconds since the epoch."""
    failure_count: int = 0
    failure: Failure | None = None
    """Why it could not be sent when that was tried last."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding that is bad, for as long as it is found."""

    finding: Finding
    since: float
    """When it was found first, in seconds since the epoch."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return key_of(self.finding)


def key_of(finding: Finding) -> tuple[str, str]:
    """Return what tells a finding from others: its code and what it is about."""
    return finding.code, finding.subject
