"""Letting others at a file, as each system has it, and what health says of that."""

from __future__ import annotations

import sys
from pathlib import Path

_ON_WINDOWS = sys.platform == "win32"
WELL = "folder-access" if _ON_WINDOWS else "permissions"
"""The finding's code where nobody else gets in."""
TOO_OPEN = "folder-open-to-others" if _ON_WINDOWS else "permissions-too-open"
REMEDY = "certify doctor --fix" if _ON_WINDOWS else "chmod 600"


def open_to_others(path: Path) -> None:
    """Let everybody read and change it."""
    if sys.platform == "win32":
        import win32security

        everybody = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor("D:(A;OICI;FA;;;WD)", 1)
        listed = everybody.GetSecurityDescriptorDacl()
        win32security.SetNamedSecurityInfo(str(path), 1, 0x4, None, None, listed, None)
    else:
        path.chmod(0o666)
