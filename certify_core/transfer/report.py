"""What an import does with each thing, decided before anything is written and told in the same words afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of one thing."""

    CREATE = "create"
    CHANGE = "change"
    """What is here is brought up to date."""
    UNCHANGED = "unchanged"
    """It is here already, as it is in the file or newer."""
    CONFLICT = "conflict"
    """Something else is here in its place: that stays, and somebody has to decide."""
    REFUSED = "refused"
    """It cannot be here: a plugin is missing, a parameter does not fit."""

    @property
    def is_written(self) -> bool:
        """Whether something changes here."""
        return self in {Fate.CREATE, Fate.CHANGE}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing and its fate."""

    kind: str
    id: str
    name: str
    """What people call it."""
    fate: Fate
    detail: str = ""
    """Why, or what is changed; without secrets."""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was, or would be, imported."""

    made_at: float
    """When the file was made, in seconds since the epoch."""
    made_by: str
    machine: str
    left_out: tuple[str, ...]
    """What the file does not have."""
    items: Sequence[Item] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many things have which fate; every fate is there."""
        counted = Counter(item.fate for item in self.items)
        return {fate.value: counted[fate] for fate in Fate}
