"""Jitter that is no chance: what is spread falls on the same moment again after a restart."""

from __future__ import annotations

import hashlib


def fraction_of(*parts: str) -> float:
    """Return a number in [0, 1) that is the same whenever the parts are."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
