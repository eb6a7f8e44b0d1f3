"""Who may read or change a folder on Windows, and how it is closed to all others: access lists, by numbers and SIDs.

https://learn.microsoft.com/windows/win32/secauthz/access-control-lists
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVERYBODY = "S-1-1-0"
OF_WINDOWS = {
    "S-1-5-18",  # LocalSystem
    "S-1-5-32-544",  # administrators
    "S-1-3-0",  # whoever makes a file
    "S-1-3-4",  # whoever owns it
}
"""SIDs of those who have everything anyhow.
https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers"""
_CONTENT = 0x1 | 0x2 | 0x4 | 0x40
"""Read, write, append, and delete what is in it."""
_ITSELF = 0x10000 | 0x40000 | 0x80000
"""Delete it, change its access list, take it over."""
_GENERIC = 0x80000000 | 0x40000000 | 0x10000000
TELLING = _CONTENT | _ITSELF | _GENERIC
"""Rights that show or change something; without these somebody may pass through and ask for the size at most."""
_FILE_OBJECT, _DACL, _PROTECTED, _OWNER = 1, 0x4, -0x80000000, 0x1
"""As pywin32 takes them: bit 31 is a sign."""
_ALLOWED = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an access list that allows something."""

    sid: str
    rights: int


def strangers(entries: Sequence[Entry] | None, trusted: Collection[str]) -> list[str]:
    """Return the SIDs of those who may read or change it and should not; without a list (None) everybody may."""
    if entries is None:
        return [EVERYBODY]
    found = (entry.sid for entry in entries if entry.rights & TELLING)
    return list(dict.fromkeys(sid for sid in found if sid not in {*OF_WINDOWS, *trusted}))


def entries(path: Path) -> list[Entry] | None:
    """Return what an access list allows; None if there is none.

    Raises:
        OSError: Windows does not show it.
    """
    security, error = _security()
    try:
        descriptor = security.GetNamedSecurityInfo(str(path), _FILE_OBJECT, _DACL)
        listed = descriptor.GetSecurityDescriptorDacl()
        if listed is None:
            return None
        raw = [listed.GetAce(number) for number in range(listed.GetAceCount())]
        return [Entry(security.ConvertSidToStringSid(ace[-1]), ace[1] & 0xFFFFFFFF) for ace in raw if _allows(ace)]
    except error as refused:
        raise OSError(refused.winerror, refused.strerror, str(path)) from refused


def owner(path: Path) -> str:
    """Return the SID of a folder's owner.

    Raises:
        OSError: Windows does not show it.
    """
    security, error = _security()
    try:
        found = security.GetNamedSecurityInfo(str(path), _FILE_OBJECT, _OWNER).GetSecurityDescriptorOwner()
        return str(security.ConvertSidToStringSid(found))
    except error as refused:
        raise OSError(refused.winerror, refused.strerror, str(path)) from refused


def close_to_others(path: Path, keepers: Collection[str]) -> None:
    """Let only Windows' own accounts and `keepers` (SIDs) in, also to all that is in a folder and will be.

    Raises:
        OSError: Windows refuses.
    """
    security, error = _security()
    allowed = "".join(f"(A;OICI;FA;;;{sid})" for sid in ("SY", "BA", *sorted(keepers)))
    try:
        wanted = security.ConvertStringSecurityDescriptorToSecurityDescriptor(f"D:P{allowed}", 1)
        listed = wanted.GetSecurityDescriptorDacl()
        # The first reaches all that is in a folder already, the second sets this list and no more: Wine adds to the
        # first what the folder above passes on, protected or not.
        security.SetNamedSecurityInfo(str(path), _FILE_OBJECT, _DACL | _PROTECTED, None, None, listed, None)
        security.SetFileSecurity(str(path), _DACL, wanted)
    except error as refused:
        raise OSError(refused.winerror, refused.strerror, str(path)) from refused


def own_sid() -> str:
    """Return the SID of the account that this process runs as."""
    security, _ = _security()
    api = importlib.import_module("win32api")
    token = security.OpenProcessToken(api.GetCurrentProcess(), 0x8)  # TOKEN_QUERY
    return str(security.ConvertSidToStringSid(security.GetTokenInformation(token, security.TokenUser)[0]))


def sid_of(account: str) -> str | None:
    """Return an account's SID, None if there is no such account."""
    security, error = _security()
    if account.lower() in {"", "localsystem"}:
        return "S-1-5-18"
    try:
        return str(security.ConvertSidToStringSid(security.LookupAccountName(None, account.removeprefix(".\\"))[0]))
    except error:
        return None


def name_of(sid: str) -> str:
    """Return what an account is called, for people; the SID if Windows does not know."""
    security, error = _security()
    try:
        name, domain, _ = security.LookupAccountSid(None, security.ConvertStringSidToSid(sid))
    except error:
        return sid
    return f"{domain}\\{name}" if domain else str(name)


def secrets_in(folder: Path) -> Iterator[Path]:
    """Yield what in a data folder holds secrets: each may have an access list of its own."""
    for pattern in ("master.key", "api.token", "*.db", "*.db.bak", "assets", "backups", "api-tls"):
        yield from sorted(folder.glob(pattern))


def _allows(ace: tuple[Any, ...]) -> bool:
    return bool(ace[0][0] == _ALLOWED)


def _security() -> tuple[Any, Any]:
    """Return pywin32's calls and its error: they are on Windows alone."""
    security = importlib.import_module("win32security")
    return security, security.error
