"""What is installed: for whoever reads a report from afar."""

from __future__ import annotations

import platform
import sqlite3
import ssl
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
                evidence=f"Python {platform.python_version()} with {ssl.OPENSSL_VERSION} and SQLite "
                f"{sqlite3.sqlite_version}, on {platform.platform()}.",
            )
        ]


def other_version(service: str) -> list[Finding]:
    """Return what there is to say of a service of this version, which this command has asked."""
    if service == __version__:
        return []
    return [
        Finding(
            code="version-differs",
            severity=Severity.WARNING,
            what=f"The service is Certify {service}, and this command is {__version__}.",
            evidence="The service runs what was installed when it was started, or another installation.",
            remedy="Restart the service: certify service stop, certify service start.",
            check=InstallationCheck.name,
        )
    ]
