"""The one thing that we read of NTLM ourselves: whose password is tried, before it is tried (MS-NLMP 2.2.1.3)."""

from __future__ import annotations

import struct

AUTHENTICATE = b"NTLMSSP\x00\x03\x00\x00\x00"
_DOMAIN_FIELD, _USER_FIELD, _FLAGS = 28, 36, 60
_UNICODE = 0x1
LONGEST = 300


def claimed_user(message: bytes) -> str | None:
    """Return domain and user of an AUTHENTICATE message, bare or inside SPNEGO; None if the message is none."""
    start = message.find(AUTHENTICATE)
    if start < 0:
        return None
    ntlm = message[start:]
    try:
        (flags,) = struct.unpack_from("<I", ntlm, _FLAGS)
        encoding = "utf-16-le" if flags & _UNICODE else "latin-1"
        parts = [_text(ntlm, field, encoding) for field in (_DOMAIN_FIELD, _USER_FIELD)]
    except struct.error:
        return ""
    return "\\".join(parts).casefold()


def _text(ntlm: bytes, field: int, encoding: str) -> str:
    length, _, offset = struct.unpack_from("<HHI", ntlm, field)
    return ntlm[offset : offset + min(length, LONGEST)].decode(encoding, "replace")
