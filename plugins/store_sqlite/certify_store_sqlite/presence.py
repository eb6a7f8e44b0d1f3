"""Whether the files of an open database are still where they were: some systems let others remove what is in use.

SQLite goes on with a file that has no name any more (https://sqlite.org/howtocorrupt.html, section 1.4), and says
nothing: what is written to it is gone when the last one closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certify_core.api import Damage


class Presence:
    """Looks after files from the moment at which each was seen first."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._seen: dict[Path, tuple[int, int]] = {}

    def missed(self) -> list[Damage]:
        """Return what somebody has removed or replaced since it was seen first."""
        return [damage for file in self._files if (damage := self._look_at(file)) is not None]

    def _look_at(self, file: Path) -> Damage | None:
        try:
            status = file.stat()
        except FileNotFoundError:
            return _taken(file, "removed") if file in self._seen else None
        except OSError:
            return None  # whoever reads it next tells
        identity = status.st_dev, status.st_ino
        return None if self._seen.setdefault(file, identity) == identity else _taken(file, "replaced")


def _taken(file: Path, how: str) -> Damage:
    return Damage("file-taken", f"{file.name} was {how} by another program while it was in use.")
