"""The folders that Microsoft Defender has been told to leave alone, as Windows keeps them in the registry.

Administrators alone may read them, and not even they where the policy `HideExclusionsFromLocalAdmins` is on.
https://learn.microsoft.com/defender-endpoint/configure-extension-file-exclusions-microsoft-defender-antivirus
"""

from __future__ import annotations

import sys
from pathlib import PureWindowsPath

EXCLUSIONS = (
    r"SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths",
    r"SOFTWARE\Policies\Microsoft\Windows Defender\Exclusions\Paths",
)


def excluded_folders() -> list[str] | None:
    """Return the excluded folders; None where they cannot be read."""
    if sys.platform != "win32":
        return None
    import winreg

    folders: list[str] = []
    readable = False
    for path in EXCLUSIONS:
        try:
            with winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE, path, access=winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            ) as key:
                folders += [winreg.EnumValue(key, index)[0] for index in range(winreg.QueryInfoKey(key)[1])]
                readable = True
        except OSError:
            continue
    return folders if readable else None


def covers(folders: list[str], folder: str) -> bool:
    """Return whether `folder` is one of `folders` or inside one; names are compared as Windows compares them."""
    wanted = PureWindowsPath(folder)
    return any(wanted.is_relative_to(PureWindowsPath(excluded)) for excluded in folders)
