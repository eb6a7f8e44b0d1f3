"""Remembers which certificates were deployed for which managed certificate: a small file of the plugin's own.

By it, bindings of a predecessor are known, and what other managed certificates use is left to them. Should the file be
lost, bindings are still matched by their hosts.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from certify_core.api import CertificateBundle, DeploymentFailed, write_atomically
from certify_iis.options import Holder

_KEPT = 10
"""Predecessors that are remembered."""


class Entry(BaseModel):
    """What one managed certificate has deployed."""

    thumbprint: str
    not_after: float
    identifiers: tuple[str, ...]
    previous: tuple[str, ...] = ()
    """Thumbprints, the latest first."""


class _File(BaseModel):
    deployed: dict[str, Entry] = {}


class Ledger:
    """The file; entries are found by the managed certificate's name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def entry(self, name: str) -> Entry | None:
        """Return what a managed certificate has deployed last."""
        return self._read().get(name)

    def previous(self, bundle: CertificateBundle) -> tuple[str, ...]:
        """Return the thumbprints of a certificate's predecessors, the latest first."""
        entry = self.entry(bundle.name)
        known = (entry.thumbprint, *entry.previous) if entry else ()
        return tuple(one for one in known if one != bundle.thumbprint)

    def held(self, bundle: CertificateBundle, now: float) -> dict[str, Holder]:
        """Return what other managed certificates have deployed, by thumbprint; without what has expired."""
        return {
            entry.thumbprint: Holder(name, entry.identifiers)
            for name, entry in self._read().items()
            if name != bundle.name and entry.not_after > now
        }

    def others(self, bundle: CertificateBundle) -> set[str]:
        """Return the thumbprints that other managed certificates have deployed last, expired or not."""
        return {entry.thumbprint for name, entry in self._read().items() if name != bundle.name}

    def record(self, bundle: CertificateBundle) -> None:
        """Remember that a certificate is deployed now."""
        with self._lock:
            entries = self._read()
            entry = Entry(
                thumbprint=bundle.thumbprint,
                not_after=bundle.not_after,
                identifiers=bundle.identifiers,
                previous=self.previous(bundle)[:_KEPT],
            )
            if entry != entries.get(bundle.name):
                self._write(entries | {bundle.name: entry})

    def restore(self, name: str, entry: Entry | None) -> None:
        """Put an earlier entry back, or forget the managed certificate."""
        with self._lock:
            entries = {other: kept for other, kept in self._read().items() if other != name}
            self._write(entries | ({name: entry} if entry else {}))

    def _read(self) -> dict[str, Entry]:
        try:
            return _File.model_validate_json(self._path.read_bytes()).deployed
        except (FileNotFoundError, ValidationError):
            return {}
        except OSError as error:
            raise self._refused("read", error) from error

    def _write(self, entries: Mapping[str, Entry]) -> None:
        try:
            self._path.parent.mkdir(exist_ok=True)
            write_atomically(self._path, _File(deployed=dict(entries)).model_dump_json(indent=1).encode())
        except OSError as error:
            raise self._refused("written", error) from error

    def _refused(self, action: str, error: OSError) -> DeploymentFailed:
        return DeploymentFailed(
            f"{self._path} cannot be {action}: {error.strerror}.", "See that the service may use its data folder."
        )
