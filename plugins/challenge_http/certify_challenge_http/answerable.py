"""Which challenges http-01 can answer at all; what else an authority sends is refused before anything is done."""

from __future__ import annotations

import re

from certify_core.api import Challenge, ChallengeFailed

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def has_safe_token(challenge: Challenge) -> bool:
    """Whether the token is base64url, as RFC 8555 section 8.3 wants: then it leads out of no folder and no request."""
    return _TOKEN.fullmatch(challenge.token) is not None


def ensure_answerable(challenge: Challenge) -> None:
    """Return if the challenge can be answered.

    Raises:
        ChallengeFailed: it is for a wildcard (RFC 8555 section 8.3 leaves them to dns-01), or its token is not safe.
    """
    if challenge.identifier.is_wildcard:
        raise ChallengeFailed(
            f"{challenge.identifier} is a wildcard, and http-01 cannot prove control of one.",
            "Use a dns-01 challenge provider.",
        )
    if not has_safe_token(challenge):
        raise ChallengeFailed(
            "The authority's token is not base64url, and could lead out of the folder.", "Do not trust this authority."
        )
