"""Stand-ins for systemd's own programs, which write down what they were asked: no test runs on a machine of systemd."""

from __future__ import annotations

from pathlib import Path

import pytest

STAND_IN = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$*" in
    show*) echo ActiveState={state}; echo SubState=running;;
    {refused}) echo "Access denied." >&2; exit 4;;
esac
"""


class Programs:
    """Stand-ins for systemctl and its like, first in the search path."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder / "programs"
        self._log = folder / "asked"
        self._folder.mkdir()
        self.write()
        monkeypatch.setenv("PATH", f"{self._folder}:/usr/bin:/bin")

    def write(self, *, state: str = "active", refused: str = "nothing") -> None:
        """Have them behave like this from now on."""
        for name in ("systemctl", "useradd"):
            program = self._folder / name
            program.write_text(STAND_IN.format(log=self._log, state=state, refused=refused))
            program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What they were asked, in order."""
        return self._log.read_text().splitlines() if self._log.exists() else []
