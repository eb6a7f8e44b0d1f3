"""Protects a secret by Windows' Data Protection API, for every account of the machine.

The machine's scope, so that another service account reads what the one before wrote; who else may is up to the file's
own permissions. The purpose goes in as entropy: another program's call for another purpose does not open it.
https://learn.microsoft.com/windows/win32/api/dpapi/nf-dpapi-cryptprotectdata
"""

from __future__ import annotations

import importlib
from typing import Any

from certify_core.api import LocalFault

PURPOSE = b"Certify master key"
UI_FORBIDDEN = 0x1
LOCAL_MACHINE = 0x4
FLAGS = UI_FORBIDDEN | LOCAL_MACHINE


class DpapiKeeper:
    """Keeps secrets by DPAPI in machine scope."""

    name = "windows-dpapi"
    title = "Windows Data Protection API, machine scope"

    def protect(self, secret: bytes) -> bytes:
        """Return the secret, readable on this machine alone.

        Raises:
            LocalFault: Windows refuses.
        """
        win32crypt, pywintypes = module("win32crypt"), module("pywintypes")
        try:
            return bytes(win32crypt.CryptProtectData(secret, None, PURPOSE, None, None, FLAGS))
        except pywintypes.error as error:
            raise LocalFault(
                f"Windows cannot protect the master key: {error.strerror}.",
                "See whether the service Cryptographic Services runs.",
            ) from error

    def unprotect(self, protected: bytes) -> bytes:
        """Return the secret.

        Raises:
            LocalFault: it is damaged or was protected on another machine.
        """
        win32crypt, pywintypes = module("win32crypt"), module("pywintypes")
        try:
            _, secret = win32crypt.CryptUnprotectData(protected, PURPOSE, None, None, FLAGS)
        except pywintypes.error as error:
            raise LocalFault(
                f"Windows cannot open the master key: {error.strerror}.",
                "It opens on the machine alone where it was made, and only undamaged: use the data folder there, or "
                "restore master.key from a backup of this machine.",
            ) from error
        return bytes(secret)


def module(name: str) -> Any:
    """Return a module of pywin32.

    Raises:
        LocalFault: it is missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LocalFault("The Python package pywin32 is missing.", "Install it: pip install pywin32") from error
