"""How long an answer asks us to wait: Retry-After as seconds or as a date (RFC 9110 section 10.2.3).

A date is compared with the answer's own Date where there is one, so that neither our clock nor our time zone matters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_tz

LONGEST = 7 * 86_400.0
"""Seconds; the longest window of a public authority's rate limits. What asks for more is a mistake."""


def seconds_to_wait(retry_after: str | None, date: str | None, now: float) -> float | None:
    """Return the seconds to wait, or None if the answer does not say so in a way that can be read.

    Args:
        retry_after: the header Retry-After.
        date: the header Date of the same answer.
        now: seconds since the epoch, used if there is no readable Date.
    """
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return _bounded(float(text))
    moment = moment_of(text)
    if moment is None:
        return None
    sent = moment_of(date)
    return _bounded(moment - (now if sent is None else sent))


def moment_of(date: str | None) -> float | None:
    """Return a date of HTTP in seconds since the epoch, or None if it cannot be read (RFC 9110 section 5.6.7)."""
    # Not email.utils.mktime_tz: it takes a date without a zone for local time, and in HTTP all of them are UTC.
    try:
        parsed = parsedate_tz(date) if date else None
        return datetime(*parsed[:6], tzinfo=UTC).timestamp() - (parsed[9] or 0) if parsed else None
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)
