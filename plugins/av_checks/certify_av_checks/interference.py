"""What a measurement says when something of ours was kept from happening."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interference:
    """One thing that somebody does to us."""

    code: str
    """Of the finding."""
    what: str
    """A sentence."""
    evidence: str
    """What was seen, as a sentence."""
    blocks: bool = True
    """Whether something fails; otherwise it only has to be tried again."""
