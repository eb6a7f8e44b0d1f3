"""What IIS has written into the registry about itself.

https://learn.microsoft.com/troubleshoot/developer/webapps/iis/general/versions-of-iis
"""

from __future__ import annotations

import importlib
from typing import Any

_IIS = r"SOFTWARE\Microsoft\InetStp"
_CENTRAL_STORE = r"SOFTWARE\Microsoft\IIS\CentralCertProvider"


def version() -> str:
    """Return the version of IIS, such as ``Version 10.0``; empty if there is none."""
    return str(_value(_IIS, "VersionString") or "")


def has_central_store() -> bool:
    """Return whether the central certificate store is switched on."""
    return bool(_value(_CENTRAL_STORE, "Enabled"))


def _value(key: str, name: str) -> Any:
    winreg: Any = importlib.import_module("winreg")
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    except OSError:
        return None
