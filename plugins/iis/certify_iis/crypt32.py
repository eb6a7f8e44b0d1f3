"""Declarations of the Windows functions for certificates and keys; nothing else calls them by ctypes.

Certificates and stores: https://learn.microsoft.com/windows/win32/api/wincrypt/
Keys of the new kind (CNG): https://learn.microsoft.com/windows/win32/api/ncrypt/
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_int, c_ulong, c_void_p, c_wchar_p
from typing import Any, cast

dword = c_ulong
ENCODING = 0x00010001
"""X509_ASN_ENCODING and PKCS_7_ASN_ENCODING."""
STORE_PROVIDER_SYSTEM = 10
"""CERT_STORE_PROV_SYSTEM_W: https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certopenstore"""
LOCAL_MACHINE = 0x00020000
READ_ONLY = 0x00008000
EXPORTABLE = 0x00000001
"""CRYPT_EXPORTABLE: https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-pfximportcertstore"""
MACHINE_KEYSET = 0x00000020
FIND_SHA1 = 0x00010000
"""CERT_FIND_SHA1_HASH: https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certfindcertificateinstore"""
KEY_PROVIDER_INFO = 2
"""CERT_KEY_PROV_INFO_PROP_ID, and the two below:
https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certsetcertificatecontextproperty"""
SHA1_HASH = 3
FRIENDLY_NAME = 11
ADD_USE_EXISTING = 2
"""https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certaddencodedcertificatetostore"""
ADD_REPLACE_EXISTING = 3
ACQUIRE_COMPARE_KEY = 0x00000004
"""https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecertificateprivatekey"""
ACQUIRE_SILENT = 0x00000040
ACQUIRE_ALLOW_NCRYPT = 0x00010000
NCRYPT_KEY = 0xFFFFFFFF
"""CERT_NCRYPT_KEY_SPEC."""
KEYSET_SECURITY = 8
"""PP_KEYSET_SEC_DESCR: https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptsetprovparam"""
NCRYPT_SECURITY = "Security Descr"
"""https://learn.microsoft.com/windows/win32/seccng/key-storage-property-identifiers"""
DACL = 0x00000004
"""DACL_SECURITY_INFORMATION."""


class Blob(ctypes.Structure):
    """CRYPT_DATA_BLOB: https://learn.microsoft.com/windows/win32/api/dpapi/ns-dpapi-crypt_integer_blob."""

    _fields_ = (("size", dword), ("data", c_void_p))

    @classmethod
    def of(cls, content: Any) -> Blob:
        """Return a blob that points to a ctypes buffer, which has to outlive it."""
        return cls(ctypes.sizeof(content), ctypes.cast(content, c_void_p))


class Context(ctypes.Structure):
    """CERT_CONTEXT: https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-cert_context."""

    _fields_ = (("encoding", dword), ("data", c_void_p), ("size", dword), ("info", c_void_p), ("store", c_void_p))


ContextPointer = POINTER(Context)

_SIGNATURES: dict[str, dict[str, tuple[Any, ...]]] = {
    "crypt32": {
        "PFXImportCertStore": (c_void_p, POINTER(Blob), c_wchar_p, dword),
        "CertOpenStore": (c_void_p, c_void_p, dword, c_void_p, dword, c_wchar_p),
        "CertCloseStore": (c_int, c_void_p, dword),
        "CertEnumCertificatesInStore": (ContextPointer, c_void_p, ContextPointer),
        "CertFindCertificateInStore": (ContextPointer, c_void_p, dword, dword, dword, c_void_p, ContextPointer),
        "CertDuplicateCertificateContext": (ContextPointer, ContextPointer),
        "CertFreeCertificateContext": (c_int, ContextPointer),
        "CertGetCertificateContextProperty": (c_int, ContextPointer, dword, c_void_p, POINTER(dword)),
        "CertSetCertificateContextProperty": (c_int, ContextPointer, dword, dword, c_void_p),
        "CertAddCertificateContextToStore": (c_int, c_void_p, ContextPointer, dword, c_void_p),
        "CertAddEncodedCertificateToStore": (c_int, c_void_p, dword, ctypes.c_char_p, dword, dword, c_void_p),
        "CertDeleteCertificateFromStore": (c_int, ContextPointer),
        "CryptAcquireCertificatePrivateKey": (
            c_int,
            ContextPointer,
            dword,
            c_void_p,
            POINTER(c_void_p),
            POINTER(dword),
            POINTER(c_int),
        ),
    },
    "advapi32": {
        "CryptReleaseContext": (c_int, c_void_p, dword),
        "CryptGetProvParam": (c_int, c_void_p, dword, c_void_p, POINTER(dword), dword),
        "CryptSetProvParam": (c_int, c_void_p, dword, c_void_p, dword),
    },
    "ncrypt": {
        "NCryptFreeObject": (c_int, c_void_p),
        "NCryptGetProperty": (c_int, c_void_p, c_wchar_p, c_void_p, dword, POINTER(dword), dword),
        "NCryptSetProperty": (c_int, c_void_p, c_wchar_p, c_void_p, dword, dword),
    },
}
"""Library, function, and its types: what it returns first, then its parameters."""


def load(library: str) -> Any:
    """Return a library with its functions declared; each call keeps its error for `last_error`."""
    found = cast(Any, ctypes).WinDLL(library, use_last_error=True)
    for name, (returned, *parameters) in _SIGNATURES[library].items():
        function = getattr(found, name)
        function.restype, function.argtypes = returned, parameters
    return found


def last_error() -> int:
    """Return the error of this thread's last call, as an unsigned number."""
    return int(cast(Any, ctypes).get_last_error()) & 0xFFFFFFFF


def describe(code: int) -> str:
    """Return Windows' own words for an error, with its number."""
    if not code:
        return "it gave no reason"
    words = str(cast(Any, ctypes).FormatError(ctypes.c_int32(code).value)).strip().rstrip(".")
    return f"{words} (0x{code:08X})"
