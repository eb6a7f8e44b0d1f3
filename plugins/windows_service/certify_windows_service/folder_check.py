"""Whether other accounts of a Windows machine may read the data folder: below ProgramData all may, as it is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from certify_core.api import Finding, LocalFault, Severity
from certify_windows_service import folder_access
from certify_windows_service.manager import WindowsServices


class FolderAccessCheck:
    """Looks at the access lists of the data folder and of the secrets in it."""

    name = "folder-access"
    title = "Access to the data folder"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def run(self) -> list[Finding]:
        """Look; where the folder itself is open, no more than that is said."""
        if os.name != "nt":
            return []
        try:
            found = next(self._open([self._data_dir]), None)
            findings = [found] if found else list(self._open(folder_access.secrets_in(self._data_dir)))
        except OSError as error:
            raise LocalFault(
                f"Who may read {error.filename} cannot be seen: {error.strerror}.", "Run this as administrator."
            ) from error
        what = f"{self._data_dir} is open to the service and to administrators alone."
        return findings or [Finding("folder-access", Severity.OK, what)]

    def fix(self, finding: Finding) -> str:
        """Close it to others."""
        path = Path(finding.subject)
        if finding.code != "folder-open-to-others" or path not in {
            self._data_dir,
            *folder_access.secrets_in(self._data_dir),
        }:
            raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
        return close(path, self._data_dir)

    def _open(self, paths: Iterator[Path] | list[Path]) -> Iterator[Finding]:
        trusted = _keepers(self._data_dir)
        for path in paths:
            if others := folder_access.strangers(folder_access.entries(path), trusted):
                who = ", ".join(folder_access.name_of(sid) for sid in others)
                yield Finding(
                    code="folder-open-to-others",
                    severity=Severity.ERROR,
                    what=f"{path} can be read or changed by other accounts of this machine.",
                    evidence=f"Its access list lets in: {who}.",
                    remedy="Run `certify doctor --fix` as administrator: it leaves the service's account, SYSTEM and "
                    "the administrators.",
                    fixable=True,
                    subject=str(path),
                )


def close(path: Path, data_dir: Path) -> str:
    """Close the data folder, or something in it, to all but the service's account, SYSTEM and administrators.

    Raises:
        LocalFault: Windows refuses.
    """
    try:
        folder_access.close_to_others(path, _keepers(data_dir))
    except OSError as error:
        raise LocalFault(f"{path} cannot be closed: {error.strerror}.", "Run this as administrator.") from error
    return f"{path} is now open to the service and to administrators alone."


def _keepers(data_dir: Path) -> set[str]:
    """Return the SIDs that have to be let in: this process's, the owner's and the installed service's."""
    installed = WindowsServices().account()
    sids = (folder_access.own_sid(), folder_access.owner(data_dir), installed and folder_access.sid_of(installed))
    return {sid for sid in sids if sid}
