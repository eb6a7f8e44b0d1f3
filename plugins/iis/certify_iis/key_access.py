"""A private key of the machine: whether it can be used, and who may use it.

Keys are of two kinds, and each has its own functions: those of CryptoAPI providers, and those of CNG.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from certify_core.api import DeploymentFailed
from certify_iis import crypt32

_GENERIC_READ = -0x80000000
"""As the signed number that pywin32 takes: https://learn.microsoft.com/windows/win32/secauthz/access-mask-format"""
_FILE_READ = 0x00120089
"""What it becomes when Windows keeps the key: FILE_GENERIC_READ."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that is open; it is closed when the block ends."""

    handle: Any
    is_cng: bool
    thumbprint: str

    @classmethod
    @contextmanager
    def of(cls, crypt: Any, context: Any, thumbprint: str) -> Iterator[PrivateKey]:
        """Open the key of a certificate and compare it with the certificate.

        Raises:
            DeploymentFailed: the key is missing, is another one, or cannot be used.
        """
        handle, kind, is_ours = ctypes.c_void_p(), crypt32.dword(), ctypes.c_int()
        flags = crypt32.ACQUIRE_COMPARE_KEY | crypt32.ACQUIRE_SILENT | crypt32.ACQUIRE_ALLOW_NCRYPT
        places = (ctypes.byref(place) for place in (handle, kind, is_ours))
        if not crypt.CryptAcquireCertificatePrivateKey(context, flags, None, *places):
            raise DeploymentFailed(
                f"The private key of the certificate {thumbprint} cannot be used: "
                f"{crypt32.describe(crypt32.last_error())}.",
                "Remove the certificate from the store and deploy again.",
            )
        key = cls(handle, kind.value == crypt32.NCRYPT_KEY, thumbprint)
        try:
            yield key
        finally:
            if is_ours.value:
                key._close()

    def grant_read(self, account: str) -> None:
        """Let an account use the key.

        Raises:
            DeploymentFailed: there is no such account, or Windows refused.
        """
        self._write_security(with_reader(self._read_security(), account))

    def lets_read(self, account: str) -> bool:
        """Return whether an account is among those that may use the key; groups that it is in do not count.

        Raises:
            DeploymentFailed: there is no such account.
        """
        descriptor = self._read_security()
        return with_reader(descriptor, account) == descriptor

    def _close(self) -> None:
        if self.is_cng:
            crypt32.load("ncrypt").NCryptFreeObject(self.handle)
        else:
            crypt32.load("advapi32").CryptReleaseContext(self.handle, 0)

    def _read_security(self) -> bytes:
        size = crypt32.dword()
        self._get_security(None, size)
        buffer = ctypes.create_string_buffer(size.value)
        self._require(self._get_security(buffer, size))
        return buffer.raw[: size.value]

    def _get_security(self, buffer: Any, size: Any) -> int:
        """Return 0, or the error."""
        room = ctypes.byref(size)
        if self.is_cng:
            length = len(buffer) if buffer else 0
            get = crypt32.load("ncrypt").NCryptGetProperty
            return int(get(self.handle, crypt32.NCRYPT_SECURITY, buffer, length, room, crypt32.DACL))
        done = crypt32.load("advapi32").CryptGetProvParam(
            self.handle, crypt32.KEYSET_SECURITY, buffer, room, crypt32.DACL
        )
        return 0 if done else crypt32.last_error()

    def _write_security(self, descriptor: bytes) -> None:
        buffer = ctypes.create_string_buffer(descriptor, len(descriptor))
        if self.is_cng:
            write = crypt32.load("ncrypt").NCryptSetProperty
            self._require(write(self.handle, crypt32.NCRYPT_SECURITY, buffer, len(descriptor), crypt32.DACL))
            return
        done = crypt32.load("advapi32").CryptSetProvParam(self.handle, crypt32.KEYSET_SECURITY, buffer, crypt32.DACL)
        self._require(0 if done else crypt32.last_error())

    def _require(self, error: int) -> None:
        if error:
            raise DeploymentFailed(
                f"Windows refused to change who may use the private key of {self.thumbprint}: "
                f"{crypt32.describe(error & 0xFFFFFFFF)}.",
                "Run the service as LocalSystem or as an administrator.",
            )


def with_reader(descriptor: bytes, account: str) -> bytes:
    """Return a security descriptor that lets an account read too; unchanged if it does already.

    Raises:
        DeploymentFailed: this machine knows no such account.
    """
    win32security = importlib.import_module("win32security")
    try:
        sid, _, _ = win32security.LookupAccountName(None, account)
    except win32security.error:
        raise DeploymentFailed(
            f"There is no account {account!r} on this machine.",
            "Correct the parameter grant_read; an application pool is IIS AppPool\\<its name>.",
        ) from None
    security = win32security.SECURITY_DESCRIPTOR(descriptor)
    rights = security.GetSecurityDescriptorDacl() or win32security.ACL()
    if any(_lets_read(rights.GetAce(index), sid) for index in range(rights.GetAceCount())):
        return descriptor
    rights.AddAccessAllowedAce(win32security.ACL_REVISION, _GENERIC_READ, sid)
    security.SetSecurityDescriptorDacl(True, rights, False)
    return bytes(memoryview(security))


def _lets_read(entry: Any, sid: Any) -> bool:
    (kind, _), mask, holder = entry[:3]
    is_allowed = kind == 0
    return bool(is_allowed and holder == sid and (mask & _GENERIC_READ or mask & _FILE_READ == _FILE_READ))


def account_of(sid: str) -> str:
    """Return what this machine calls an account that has the same SID everywhere, such as `S-1-5-20`.

    https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
    """
    win32security = importlib.import_module("win32security")
    name, domain, _ = win32security.LookupAccountSid(None, win32security.ConvertStringSidToSid(sid))
    return f"{domain}\\{name}"
