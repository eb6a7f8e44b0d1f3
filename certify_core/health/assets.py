"""Issued certificates whose files are gone, keys without certificates, and files that no managed certificate has."""

from __future__ import annotations

from pathlib import Path

from certify_core.domain.finding import Finding, Severity
from certify_core.health.check import NothingToFix
from certify_core.store import Store

SHOWN = 20
"""So many of each kind are named."""


class AssetsCheck(NothingToFix):
    """Compares the database with the folder of certificates and keys."""

    name = "assets"
    title = "Files of certificates and keys"

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> list[Finding]:
        """Look for every issued certificate, then for the owner of every folder."""
        missing = []
        number = 0
        seen = set()
        used = set()
        for certificate_id, name, issued_ids in self._store.inspection.issued():
            seen.add(certificate_id)
            for issued_id in issued_ids:
                number += 1
                used.add((certificate_id, issued_id))
                lacking = self._store.assets.lacking(certificate_id, issued_id)
                if lacking is not None and self._store.inspection.is_there(certificate_id):
                    missing.append(_missing(certificate_id, name, str(lacking)))
        unseen = [name for name in self._store.assets.owners() if name not in seen]
        strays = [name for name in unseen if not self._store.inspection.is_there(name)]
        alone = [folder for folder in self._store.assets.keys_alone() if (folder.parent.name, folder.name) not in used]
        findings = [*missing[:SHOWN], *map(_alone, alone[:SHOWN]), *map(_stray, strays[:SHOWN])]
        counted = f"{number} certificates are in use, {len(missing)} without files; {len(strays)} folders are nobody's."
        if findings:
            return [*findings, Finding("assets", Severity.NOTE, "Certificates and files do not match.", counted)]
        return [Finding("assets", Severity.OK, "Every certificate has its files.", counted)]


def _missing(certificate_id: str, name: str, lacking: str) -> Finding:
    return Finding(
        code="asset-missing",
        severity=Severity.ERROR,
        what=f"The certificate of {name} was issued, and its files are not there.",
        evidence=f"There is no {lacking}.",
        remedy=f"Restore the folder from a backup, or request it again: certify renew {name}",
        subject=certificate_id,
    )


def _alone(folder: Path) -> Finding:
    return Finding(
        code="key-alone",
        severity=Severity.NOTE,
        what=f"There is a private key without its certificate in {folder}.",
        evidence="It is not in use: no managed certificate has it as its current one.",
        remedy="Restore fullchain.pem beside it from a backup if you need it. Otherwise remove the folder.",
        subject=f"{folder.parent.name}/{folder.name}",
    )


def _stray(name: str) -> Finding:
    return Finding(
        code="asset-stray",
        severity=Severity.NOTE,
        what=f"There are certificates and keys of {name}, which is no managed certificate.",
        evidence=f"assets/{name} in the data folder.",
        remedy="Keep them if the database was lost: they can be restored. Otherwise remove the folder.",
        subject=name,
    )
