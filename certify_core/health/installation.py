"""What is installed: for whoever reads a report from afar."""

from __future__ import annotations

import platform
from pathlib import Path

from certify_core import __version__
from certify_core.domain.finding import Finding, Severity
from certify_core.health.check import NothingToFix


class InstallationCheck(NothingToFix):
    """Says which versions work together here."""

    name = "installation"
    title = "Installation"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def run(self) -> list[Finding]:
        """Say it."""
        return [
            Finding(
                code="installation",
                severity=Severity.OK,
                what=f"Certify {__version__} with its data in {self._data_dir}.",
                evidence=f"Python {platform.python_version()} on {platform.platform()}.",
            )
        ]
