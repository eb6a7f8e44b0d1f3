"""How a command can end: one table for all of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import click


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    CONFLICT = 5
    WARNING = 6

    @property
    def meaning(self) -> str:
        """What it says, in words."""
        return self.name.lower().replace("_", " ")


class ServiceRefused(click.ClickException):
    """Ends a command with a message of cause and remedy."""

    def __init__(self, code: Exit, cause: str, remedy: str = "", problem: dict[str, Any] | None = None) -> None:
        super().__init__(f"{cause}\n{remedy}".strip())
        self.exit_code = code  # type: ignore[misc]
        self.problem = problem or {"detail": cause, "remedy": remedy}
