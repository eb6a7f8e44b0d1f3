"""An IIS in memory: sites, the certificates of http.sys, and the mishaps that tests wish for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from certify_core.api import DeploymentFailed
from certify_iis.administration import ConfigurationChanged
from certify_iis.bindings import Change, Site, is_present, version_of
from tests.plugins.iis.sites import after


class MemoryIis:
    """Keeps the contract of `IisAdmin`; the rest is for tests."""

    def __init__(self, *sites: Site) -> None:
        self._sites = list(sites)
        self._lock = threading.RLock()
        self._others: list[Site] = []
        self.commits = 0
        self.refused = ""
        """The thumbprint that http.sys refuses to show."""
        self.locked = False

    def sites(self) -> Sequence[Site]:
        return list(self._sites)

    def version(self) -> str:
        return version_of(self._sites)

    def apply(self, changes: Sequence[Change], expected_version: str) -> None:
        with self._lock:
            if self._others:
                self._sites.append(self._others.pop())
            if version_of(self._sites) != expected_version or not all(is_present(self._sites, one) for one in changes):
                raise ConfigurationChanged("Changed meanwhile.", "Again.")
            if self.locked:
                raise DeploymentFailed("It is locked.", "Unlock it.")
            if any(self._is_refused(change) for change in changes):
                raise DeploymentFailed("Refused to bind the certificate.", "See why.")
            self._sites = after(self._sites, changes)
            self.commits += 1

    def session(self) -> MemoryReading:
        """Return a reading that is outdated as soon as somebody commits."""
        return MemoryReading(self, self.version())

    def _is_refused(self, change: Change) -> bool:
        shown = getattr(change.after, "certificate", change.after)
        return bool(self.refused) and getattr(shown, "thumbprint", "") == self.refused

    def set_sites(self, *sites: Site) -> None:
        self._sites = list(sites)

    def somebody_adds(self, *sites: Site) -> None:
        """Have somebody else add these sites, one just before each of the next commits."""
        self._others.extend(sites)

    def remove_site(self, number: int) -> None:
        self._sites = [site for site in self._sites if site.id != number]

    def rename_site(self, number: int, name: str) -> None:
        self._sites = [replace(site, name=name) if site.id == number else site for site in self._sites]


class MemoryReading:
    """The configuration as it was read."""

    def __init__(self, iis: MemoryIis, version: str) -> None:
        self._iis, self._version = iis, version

    def configure(self, changes: Sequence[Change]) -> None:
        """Commit changes, if nobody has since."""
        self._iis.apply(changes, self._version)
