"""What antivirus software has registered with Windows: class AntiVirusProduct of WMI's namespace root\\SecurityCenter2.

Windows Server has no Security Center, and no such namespace: nothing is registered there.
https://learn.microsoft.com/windows/win32/wmisdk/wmi-start-page
"""

from __future__ import annotations

import importlib
import sys

MONIKER = r"winmgmts:{impersonationLevel=impersonate}!\\.\root\SecurityCenter2"


def registered() -> list[str]:
    """Return the names of the registered products; none where nobody can be asked."""
    if sys.platform != "win32":
        return []
    # pywin32's types are nowhere but on Windows.
    pythoncom, client = importlib.import_module("pythoncom"), importlib.import_module("win32com.client")
    pythoncom.CoInitialize()
    try:
        products = client.GetObject(MONIKER).InstancesOf("AntiVirusProduct")
        return [str(product.displayName) for product in products]
    except pythoncom.com_error:
        return []
