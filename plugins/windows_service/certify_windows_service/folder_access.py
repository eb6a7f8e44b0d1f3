"""Who may read or change a folder on Windows, and how it is closed to all others: access lists, by numbers and SIDs.

https://learn.microsoft.com/windows/win32/secauthz/access-control-lists
"""

from __future__ import annotations

import hashlib
import importlib
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVERYBODY = "S-1-1-0"
SYSTEM = "S-1-5-18"
ADMINISTRATORS = "S-1-5-32-544"
OF_WINDOWS = {
    SYSTEM,
    ADMINISTRATORS,
    "S-1-3-0",  # whoever makes a file
    "S-1-3-4",  # whoever owns it
}
"""SIDs of those who have everything anyhow.
https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers"""
_OF_SERVICES = {
    "": SYSTEM,
    "localsystem": SYSTEM,
    "localservice": "S-1-5-19",
    "networkservice": "S-1-5-20",
}
"""Called so in every language: https://learn.microsoft.com/windows/win32/services/service-user-accounts"""
_CHANGE_CONTENT = 0x2 | 0x4 | 0x40
"""Write, append, and delete what is in it."""
_CHANGE_ITSELF = 0x10000 | 0x40000 | 0x80000
"""Delete it, change its access list, take it over."""
CHANGING = _CHANGE_CONTENT | _CHANGE_ITSELF | 0x40000000 | 0x10000000
"""Rights that change something; the last two are the generic ones to write and to do all."""
TELLING = CHANGING | 0x1 | 0x80000000
"""Rights that show or change something; without these somebody may pass through and ask for the size at most."""
SECRETS = ("master.key", "api.token", "*.db", "*.db.bak", "assets", "backups", "api-tls")
BELIEVED = ("serviceconfig.json", "servers.json")
"""They hold no secret; but the service does what the first says, and its clients go where the second says."""
_FILE_OBJECT, _DACL, _PROTECTED, _OWNER = 1, 0x4, -0x80000000, 0x1
"""As pywin32 takes them: bit 31 is a sign."""
_ALLOWED = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an access list that allows something."""

    sid: str
    rights: int


def strangers(entries: Sequence[Entry] | None, trusted: Collection[str], rights: int = TELLING) -> list[str]:
    """Return the SIDs of those who have one of some rights and should not; without a list (None) everybody has them."""
    if entries is None:
        return [EVERYBODY]
    found = (entry.sid for entry in entries if entry.rights & rights)
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

    It is given to the administrators: whoever owns something can change its access list, whatever that says. Only a
    process without their rights cannot do so, and leaves to a keeper what belongs to one.

    Raises:
        OSError: Windows refuses.
    """
    security, error = _security()
    allowed = "".join(f"(A;OICI;FA;;;{sid})" for sid in sorted({SYSTEM, ADMINISTRATORS, *keepers}))
    try:
        wanted = security.ConvertStringSecurityDescriptorToSecurityDescriptor(f"D:P{allowed}", 1)
        listed = wanted.GetSecurityDescriptorDacl()
        given_to = None if _may_stay(owner(path), keepers) else security.ConvertStringSidToSid(ADMINISTRATORS)
        what = _DACL | _PROTECTED | (_OWNER if given_to else 0)
        # The first reaches all that is in a folder already, the second sets this list and no more: Wine adds to the
        # first what the folder above passes on, protected or not.
        security.SetNamedSecurityInfo(str(path), _FILE_OBJECT, what, given_to, None, listed, None)
        security.SetFileSecurity(str(path), _DACL, wanted)
    except error as refused:
        raise OSError(refused.winerror, refused.strerror, str(path)) from refused


def own_sid() -> str:
    """Return the SID of the account that this process runs as."""
    security, _ = _security()
    api = importlib.import_module("win32api")
    token = security.OpenProcessToken(api.GetCurrentProcess(), 0x8)  # TOKEN_QUERY
    return str(security.ConvertSidToStringSid(security.GetTokenInformation(token, security.TokenUser)[0]))


def is_administrator() -> bool:
    """Whether this process has the rights of an administrator."""
    security, _ = _security()
    return bool(security.CheckTokenMembership(None, security.ConvertStringSidToSid(ADMINISTRATORS)))


def sid_of(account: str) -> str | None:
    """Return the SID of an account that a service may run as, None if Windows finds none; empty means LocalSystem."""
    domain, _, name = account.lower().rpartition("\\")
    if domain in {"", ".", "nt authority"} and name in _OF_SERVICES:
        return _OF_SERVICES[name]
    if domain == "nt service":
        return service_sid(name)
    security, error = _security()
    try:
        return str(security.ConvertSidToStringSid(security.LookupAccountName(None, account.removeprefix(".\\"))[0]))
    except error:
        return None


def service_sid(service: str) -> str:
    """Return the SID of a service's own account, `NT SERVICE\\<its name>`, whether the service is installed or not.

    https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/81d92bba-d22b-4a8c-908a-554ab29148ab
    """
    digest = hashlib.sha1(service.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-80", *map(str, struct.unpack("<5I", digest))])


def name_of(sid: str) -> str:
    """Return what an account is called, for people; the SID if Windows does not know."""
    security, error = _security()
    try:
        name, domain, _ = security.LookupAccountSid(None, security.ConvertStringSidToSid(sid))
    except error:
        return sid
    return f"{domain}\\{name}" if domain else str(name)


def guarded_in(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what in a data folder may have an access list of its own, and the rights that others may not have to it."""
    for patterns, rights in ((SECRETS, TELLING), (BELIEVED, CHANGING)):
        for pattern in patterns:
            yield from ((path, rights) for path in sorted(folder.glob(pattern)))


def _may_stay(owner: str, keepers: Collection[str]) -> bool:
    return owner in {SYSTEM, ADMINISTRATORS} or (owner in keepers and not is_administrator())


def _allows(ace: tuple[Any, ...]) -> bool:
    return bool(ace[0][0] == _ALLOWED)


def _security() -> tuple[Any, Any]:
    """Return pywin32's calls and its error: they are on Windows alone."""
    security = importlib.import_module("win32security")
    return security, security.error
