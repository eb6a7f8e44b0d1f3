"""Certificate chains as an authority sends them (RFC 8555 section 9.1): certificates in PEM and nothing else."""

from __future__ import annotations

import re

from certify_core.acme.answer import Answer
from certify_core.errors import ProtocolViolation

MEDIA_TYPE = "application/pem-certificate-chain"
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?")


def chain_in(answer: Answer) -> str:
    """Return the chain, the certificate itself first, lines ended by a line feed.

    Raises:
        ProtocolViolation: there is anything but certificates; a private key, say, must never be taken for one.
    """
    text = answer.body.decode("ascii", errors="replace").replace("\r\n", "\n")
    blocks = _BLOCK.findall(text)
    if not blocks or _BLOCK.sub("", text).strip():
        raise ProtocolViolation(f"{answer.url} answered something else than PEM certificates.", "It is asked again.")
    return "".join(block.rstrip("\n") + "\n" for block in blocks)
