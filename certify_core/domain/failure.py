"""A failure as a value: what class it is of, its cause and its remedy in plain words.

The class decides what follows (how long to wait, whom to blame, whether another authority may help), so it is
data and not a type; the exceptions in `certify_core.errors` carry one of these classes each.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class FailureClass(StrEnum):
    """Who has to act before the same step can succeed."""

    USER = "user"
    """The request or its surroundings: a wrong name, DNS, CAA, a closed port."""
    POLICY = "policy"
    """The authority refuses this kind of request on principle."""
    AUTHORITY = "authority"
    """The authority is down, slow or answers with a server error."""
    LIMIT = "limit"
    """A rate limit; time heals it."""
    PROTOCOL = "protocol"
    """The authority's answer breaks the protocol, or lost track of ours."""
    LOCAL = "local"
    """This machine: disk, port, permission, a plugin."""


class Failure(BaseModel):
    """What went wrong, as it is stored and shown in API, command line and log alike."""

    model_config = ConfigDict(frozen=True)

    failure_class: FailureClass
    cause: str
    """One sentence that names the thing."""
    remedy: str
    """One sentence that names the next step."""
    step: str = ""
    """What was being done: an order state, ``deploy``, ``verify``."""
    identifiers: tuple[str, ...] = ()
    """The names that are at fault, where it is about some and not all."""
    retry_after: float | None = None
    """Seconds the other side asked us to wait, if it did."""

    def __str__(self) -> str:
        return f"{self.cause} {self.remedy}".strip()
