"""Local groups of a Windows account, those that it is in through groups of its domain too."""

from __future__ import annotations

import ctypes
from typing import Any

from certify_negotiate.groups import Groups

ADMINISTRATORS = "S-1-5-32-544"
"""BUILTIN\\Administrators, whatever it is called in the system's language."""
_LEVEL_NAMES = 0
_INCLUDE_INDIRECT = 1
_ALL = 0xFFFFFFFF
_TEXT = 256


class _GroupName(ctypes.Structure):
    """LOCALGROUP_USERS_INFO_0."""

    _fields_ = (("name", ctypes.c_wchar_p),)


def groups_of_account(account: str) -> Groups:
    """Return the groups of `DOMAIN\\user`; none if the system does not know the account."""
    names = frozenset(_local_groups(account) if account else ())
    return Groups(names, are_administrators=_name_of(ADMINISTRATORS) in names)


def _local_groups(account: str) -> list[str]:
    """Return the groups' names, case-folded (NetUserGetLocalGroups)."""
    netapi = _library("netapi32")
    buffer, read, total = ctypes.POINTER(_GroupName)(), ctypes.c_uint32(), ctypes.c_uint32()
    failed = netapi.NetUserGetLocalGroups(
        None,
        ctypes.c_wchar_p(account),
        ctypes.c_uint32(_LEVEL_NAMES),
        ctypes.c_uint32(_INCLUDE_INDIRECT),
        ctypes.byref(buffer),
        ctypes.c_uint32(_ALL),
        ctypes.byref(read),
        ctypes.byref(total),
    )
    if failed:
        return []
    try:
        return [str(buffer[index].name).casefold() for index in range(read.value)]
    finally:
        netapi.NetApiBufferFree(buffer)


def _name_of(sid_text: str) -> str:
    """Return the case-folded name of the account that a SID stands for (LookupAccountSidW)."""
    advapi, kernel = _library("advapi32"), _library("kernel32")
    sid = ctypes.c_void_p()
    if not advapi.ConvertStringSidToSidW(ctypes.c_wchar_p(sid_text), ctypes.byref(sid)):
        return ""
    name, domain = ctypes.create_unicode_buffer(_TEXT), ctypes.create_unicode_buffer(_TEXT)
    name_size, domain_size, kind = ctypes.c_uint32(_TEXT), ctypes.c_uint32(_TEXT), ctypes.c_int()
    try:
        found = advapi.LookupAccountSidW(
            None,
            sid,
            name,
            ctypes.byref(name_size),
            domain,
            ctypes.byref(domain_size),
            ctypes.byref(kind),
        )
    finally:
        kernel.LocalFree(sid)
    return name.value.casefold() if found else ""


def _library(name: str) -> Any:
    return getattr(ctypes, "windll")[name]  # noqa: B009 - the attribute exists on Windows alone
