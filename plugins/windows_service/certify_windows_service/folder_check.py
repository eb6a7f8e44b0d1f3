"""Whether other accounts of a Windows machine may read the data folder: below ProgramData all may, as it is made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from certify_core.api import Finding, LocalFault, Severity
from certify_windows_service import folder_access
from certify_windows_service.manager import WindowsServices


class AccessListKeeper:
    """Closes a data folder that the service makes itself; installing the service closes its folder anyhow."""

    name = "folder-access"
    title = "Access list of the data folder"

    def close(self, folder: Path) -> None:
        """Let in the account of the service, which may be installed, and this process's.

        Raises:
            LocalFault: Windows refuses.
        """
        close_folder(folder, WindowsServices().account())


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
            found = next(self._open([(self._data_dir, folder_access.TELLING)]), None)
            findings = [found] if found else list(self._open(folder_access.guarded_in(self._data_dir)))
        except OSError as error:
            raise LocalFault(
                f"Who may read {error.filename} cannot be seen: {error.strerror}.", "Run this as administrator."
            ) from error
        what = f"{self._data_dir} is open to the service and to administrators alone."
        return findings or [Finding("folder-access", Severity.OK, what)]

    def fix(self, finding: Finding) -> str:
        """Close it to others."""
        path = Path(finding.subject)
        guarded = {self._data_dir, *(found for found, _ in folder_access.guarded_in(self._data_dir))}
        if finding.code != "folder-open-to-others" or path not in guarded:
            raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
        return _close(path, _keepers(WindowsServices().account()))

    def _open(self, guarded: Iterable[tuple[Path, int]]) -> Iterator[Finding]:
        trusted = {folder_access.own_sid(), *_keepers(self._account_if_told())}
        for path, rights in guarded:
            if evidence := _opening(path, trusted, rights):
                yield Finding(
                    code="folder-open-to-others",
                    severity=Severity.ERROR,
                    what=f"{path} can be read or changed by other accounts of this machine.",
                    evidence=evidence,
                    remedy="Run `certify doctor --fix` as administrator: it leaves the service's account, SYSTEM and "
                    "the administrators.",
                    fixable=True,
                    subject=str(path),
                )

    def _account_if_told(self) -> str:
        """Return the service's account; empty also if Windows does not say: then looking goes on, and `fix` refuses."""
        try:
            return WindowsServices().account()
        except LocalFault:
            return ""


def _opening(path: Path, trusted: set[str], rights: int) -> str:
    """Return by what others get in; empty if they do not."""
    told = []
    if others := folder_access.strangers(folder_access.entries(path), trusted, rights):
        told.append(f"Its access list lets in: {', '.join(folder_access.name_of(sid) for sid in others)}.")
    if (owner := folder_access.owner(path)) not in {folder_access.SYSTEM, folder_access.ADMINISTRATORS, *trusted}:
        told.append(f"It belongs to {folder_access.name_of(owner)}, who can change its access list.")
    return " ".join(told)


def close_folder(data_dir: Path, account: str, former: str = "") -> str:
    """Make the data folder, closed to all but the account of a service, SYSTEM and administrators.

    Where the service runs as a `former` account until it is changed, that one keeps its access.

    Raises:
        LocalFault: the account cannot be looked up, and nothing has changed; or Windows refuses.
    """
    keepers = _keepers(account)
    if found := folder_access.sid_of(former):
        keepers.add(found)
    data_dir.mkdir(parents=True, exist_ok=True)
    return _close(data_dir, keepers)


def _close(path: Path, keepers: set[str]) -> str:
    try:
        folder_access.close_to_others(path, keepers)
    except OSError as error:
        raise LocalFault(f"{path} cannot be closed: {error.strerror}.", "Run this as administrator.") from error
    return f"{path} is now open to the service and to administrators alone."


def _keepers(account: str) -> set[str]:
    """Return the SIDs that have to be let in: that of the service's account, and this process's.

    An administrator comes in as one, and would be a stranger to the service by name. The owner does not count: anybody
    may make a folder below ProgramData, before the service is installed.

    Raises:
        LocalFault: the account cannot be looked up: without it the service would be locked out.
    """
    sid = folder_access.sid_of(account)
    if sid is None:
        raise LocalFault(
            f"The service's account {account} cannot be looked up; who may enter the data folder was left as it is.",
            "See that there is such an account and that its domain's controller answers, or give another one: "
            "certify service install --account DOMAIN\\user",
        )
    return {sid} if folder_access.is_administrator() else {folder_access.own_sid(), sid}
