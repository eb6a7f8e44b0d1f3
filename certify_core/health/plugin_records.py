"""Plugins that were found and do not work."""

from __future__ import annotations

from certify_core.domain.finding import Finding, Severity
from certify_core.health.check import NothingToFix
from certify_core.plugins import Plugins


class PluginsCheck(NothingToFix):
    """Looks at how the plugins were loaded."""

    name = "plugins"
    title = "Plugins"

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def run(self) -> list[Finding]:
        """Say which do not work, or how many do."""
        broken = [record for record in self._plugins.described() if record.error]
        findings = [
            Finding(
                code="plugin-failed",
                severity=Severity.WARNING,
                what=f"The plugin {record.name} does not work; the others are not concerned.",
                evidence=f"{record.module} of {record.distribution} {record.version}: {record.error}",
                remedy=f"Update or uninstall {record.distribution or record.module}, then restart the service.",
                subject=record.name,
            )
            for record in broken
        ]
        names = ", ".join(sorted(record.name for record in self._plugins.records))
        return findings or [Finding("plugins", Severity.OK, "Every plugin works.", names)]
