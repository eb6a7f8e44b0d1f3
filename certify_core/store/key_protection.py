"""What stands in the master key's file: the keys as they are, or what a keeper of the system has made of them.

A protected file names its keeper in the first line, so that it is never taken for a plain one, nor for another's:

    protected by NAME
    <what the keeper made of the keys>

The first keeper that plugins offer protects; where none is offered, the file's permissions have to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from certify_core.contracts import SecretKeeper
from certify_core.errors import LocalFault

_PREFIX = b"protected by "


class KeyProtection:
    """Protects the content of one file by the keepers that there are."""

    def __init__(self, path: Path, keepers: Sequence[SecretKeeper] = ()) -> None:
        self._path = path
        self._keepers = {keeper.name: keeper for keeper in reversed(keepers)}
        self._chosen = keepers[0] if keepers else None

    def is_up_to_date(self, content: bytes) -> bool:
        """Whether the file is protected as it would be now."""
        return self._chosen is None or _keeper_of(content) == self._chosen.name

    def add(self, keys: bytes) -> bytes:
        """Return the file's content for these keys.

        Raises:
            CertifyError: the keeper refuses.
        """
        if self._chosen is None:
            return keys
        return _PREFIX + self._chosen.name.encode() + b"\n" + self._chosen.protect(keys)

    def remove(self, content: bytes) -> bytes:
        """Return the keys in the file.

        Raises:
            LocalFault: its keeper is not here.
            CertifyError: the keeper refuses.
        """
        name = _keeper_of(content)
        if name is None:
            return content
        if name not in self._keepers:
            raise LocalFault(
                f"The master key {self._path} is protected by {name}, which is not available here.",
                "Use the data folder on the machine where it was made, with the plugin that offers this keeper.",
            )
        return self._keepers[name].unprotect(content.partition(b"\n")[2])


def _keeper_of(content: bytes) -> str | None:
    """Return who protects it, None if nobody does."""
    if not content.startswith(_PREFIX):
        return None
    return content.partition(b"\n")[0].removeprefix(_PREFIX).decode(errors="replace")
