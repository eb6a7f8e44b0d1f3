"""A deployment that waits at a gate: the work is under way for as long as the test wants."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


class Gate:
    """A named pipe from which a deployment's reload command reads until the test lets it go."""

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "gate"
        os.mkfifo(self._pipe)
        self._held: IO[bytes] | None = None

    @property
    def command(self) -> str:
        """The reload command that waits here."""
        return f"cat {self._pipe}"

    def wait_for_arrival(self) -> None:
        """Return when the command has come and waits."""
        self._held = self._pipe.open("wb")

    def let_go(self) -> None:
        """Let the command end."""
        assert self._held is not None
        self._held.close()
