"""A deployment that waits at a gate: the work is under way for as long as the test wants.

    python -m tests.support.gate PORT

waits there until it is let go.
"""

from __future__ import annotations

import socket
import sys
from typing import Self

SECONDS = 60


class Gate:
    """A port at which a deployment's reload command waits until the test lets it go; close it by a `with` block."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(SECONDS)
        self._held: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()
        if self._held is not None:
            self._held.close()

    @property
    def command(self) -> str:
        """The reload command that waits here."""
        return f"{sys.executable} -m tests.support.gate {self._door.getsockname()[1]}"

    def wait_for_arrival(self) -> None:
        """Return when the command has come and waits."""
        self._held, _ = self._door.accept()

    def let_go(self) -> None:
        """Let the command end."""
        assert self._held is not None
        self._held.close()


if __name__ == "__main__":
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as waiting:
        waiting.recv(1)
