"""Base64 with the alphabet for URLs and without padding (RFC 7515 section 2)."""

from __future__ import annotations

import base64
import re

ALPHABET = re.compile(r"[A-Za-z0-9_-]+")
"""Text of at least one character of the alphabet."""


def to_base64url(octets: bytes) -> str:
    """Return octets as text."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
