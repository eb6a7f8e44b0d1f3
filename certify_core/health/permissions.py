"""Who may read the data folder: the service's user alone where secrets are, and everything belongs to that user.

Permission bits and owners of POSIX; Windows has its own, which its own plugin looks at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from certify_core.domain.finding import Finding, Severity
from certify_core.errors import LocalFault
from certify_core.ownership import give_to_owner, names_in

SECRET = ("master.key", "api.token", "*.db", "*.db-wal", "*.db-shm", "*.db.bak")
"""Files that nobody else may read."""
PLAIN = ("serviceconfig.json", "servers.json")
"""Files that nobody else may write: they say what the service does and where its clients go."""
FOLDERS = ("assets", "backups", "damaged", "api-tls")
"""Folders that nobody else may enter, whatever is in them."""
_OTHERS = 0o077
_OTHERS_WRITE = 0o022


class PermissionsCheck:
    """Looks at the data folder and the files directly in it."""

    name = "permissions"
    title = "Permissions of the data folder"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def run(self) -> list[Finding]:
        """Look at every file that matters."""
        if not hasattr(os, "geteuid"):
            return []
        try:
            findings = [*self._too_open(), *self._of_strangers()]
        except OSError as error:
            raise LocalFault(
                f"{error.filename} cannot be looked at: {error.strerror}.",
                "Run this as the service's user, or as root.",
            ) from error
        owner = _owner(self._data_dir)
        return findings or [
            Finding("permissions", Severity.OK, f"{self._data_dir} is closed to others.", f"It belongs to {owner}.")
        ]

    def fix(self, finding: Finding) -> str:
        """Take permissions of others away, or give a file to the folder's owner."""
        path = Path(finding.subject)
        if finding.code not in {"foreign-owner", "permissions-too-open"}:
            raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
        try:
            if finding.code == "foreign-owner":
                return self._give(path)
            mode = stat.S_IMODE(path.stat().st_mode) & ~dict(self._limits())[path]
            path.chmod(mode)
        except OSError as error:
            raise LocalFault(
                f"The permissions of {path} cannot be changed: {error.strerror}.", "Run this as its owner, or as root."
            ) from error
        return f"{path} now has the mode {mode:o}."

    def _give(self, path: Path) -> str:
        """Give everything that is in the folder, and nowhere else too, to the folder's owner."""
        owner, names = self._data_dir.stat(), names_in(self._data_dir)

        def is_strange(facts: os.stat_result) -> bool:
            is_here = stat.S_ISDIR(facts.st_mode) or facts.st_nlink <= max(1, names[facts.st_dev, facts.st_ino])
            return facts.st_uid != owner.st_uid and is_here

        give_to_owner(self._data_dir, is_strange)
        if (strange := _first_of_another(path, owner.st_uid)) is not None:
            raise LocalFault(
                f"{strange} stays {_owner(strange)}'s: it has another name outside the data folder.",
                f"If you know that one: chown {_owner(self._data_dir)} {strange}",
            )
        return f"{path} now belongs to {_owner(self._data_dir)}, with all that is in it."

    def _too_open(self) -> Iterator[Finding]:
        for path, forbidden in self._limits():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & forbidden:
                can = "written" if mode & _OTHERS_WRITE else "read"
                yield Finding(
                    code="permissions-too-open",
                    severity=Severity.ERROR,
                    what=f"{path} can be {can} by other users.",
                    evidence=f"Its mode is {mode:o}.",
                    remedy=f"Run `certify doctor --fix`, or: chmod {mode & ~forbidden:o} {path}",
                    fixable=True,
                    subject=str(path),
                )

    def _of_strangers(self) -> Iterator[Finding]:
        """Yield files that another user has put here: the service may be unable to read or replace them."""
        owner = self._data_dir.stat().st_uid
        for path in sorted(self._data_dir.iterdir()):
            if (strange := _first_of_another(path, owner)) is not None:
                yield Finding(
                    code="foreign-owner",
                    severity=Severity.WARNING,
                    what=f"{strange} does not belong to the owner of the data folder.",
                    evidence=f"It belongs to {_owner(strange)}, and the folder to {_owner(self._data_dir)}.",
                    remedy=f"Run `certify doctor --fix` as root, or: chown -R {_owner(self._data_dir)} {path}",
                    fixable=os.geteuid() == 0,
                    subject=str(path),
                )

    def _limits(self) -> Iterator[tuple[Path, int]]:
        """Yield each path that is there with the bits that it must not have."""
        yield self._data_dir, _OTHERS_WRITE
        for patterns, forbidden in ((SECRET, _OTHERS), (PLAIN, _OTHERS_WRITE), (FOLDERS, _OTHERS)):
            for pattern in patterns:
                for path in sorted(self._data_dir.glob(pattern)):
                    if not path.is_symlink():
                        yield path, forbidden


def _first_of_another(path: Path, owner: int) -> Path | None:
    """Return the file or folder, or the first one below it, that belongs to somebody else; None if there is none."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None  # it was removed meanwhile
    if stat.S_ISLNK(facts.st_mode):
        return None
    if facts.st_uid != owner:
        return path
    folders = [str(path)] if stat.S_ISDIR(facts.st_mode) else []
    while folders:
        with suppress(FileNotFoundError, PermissionError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if facts.st_uid != owner and not stat.S_ISLNK(facts.st_mode):
                    return Path(entry.path)
                # Backups are mostly second names of what is looked at elsewhere, many times over.
                if stat.S_ISDIR(facts.st_mode) and path.name != "backups":
                    folders.append(entry.path)
    return None


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.lstat().st_uid)
