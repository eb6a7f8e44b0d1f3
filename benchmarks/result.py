"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A figure, and what it should be."""

    what: str
    figure: str
    aim: str = ""
    reached: bool = True
