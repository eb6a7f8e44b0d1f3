"""The one thing that we read of NTLM ourselves: whose password is tried, before it is tried (MS-NLMP 2.2.1.3)."""

from __future__ import annotations

import struct

from certify_core.api import AccessRefused

SIGNATURE = b"NTLMSSP\x00"
AUTHENTICATE = SIGNATURE + b"\x03\x00\x00\x00"
_USER_FIELD, _FLAGS = 36, 60
_UNICODE = 0x1
LONGEST = 300


def claimed_user(message: bytes) -> str | None:
    """Return the user of an AUTHENTICATE message, bare or inside SPNEGO; None if the message is none.

    Without his domain, however that is written: who spells it in many ways has no more tries by it.

    Raises:
        AccessRefused: there are several NTLM messages inside, so that one would be counted and another one tried.
    """
    if message.count(SIGNATURE) > 1:
        raise AccessRefused("The sign-in's message holds several NTLM messages.", "Begin anew.")
    start = message.find(AUTHENTICATE)
    if start < 0:
        return None
    ntlm = message[start:]
    try:
        (flags,) = struct.unpack_from("<I", ntlm, _FLAGS)
        length, _, offset = struct.unpack_from("<HHI", ntlm, _USER_FIELD)
    except struct.error:
        return ""
    encoding = "utf-16-le" if flags & _UNICODE else "latin-1"
    user = ntlm[offset : offset + min(length, LONGEST)].decode(encoding, "replace")
    return user.partition("@")[0].casefold()
