"""Renewal information as it goes over the wire: the name of a certificate, and the window in an answer (RFC 9773)."""

from __future__ import annotations

from datetime import UTC, datetime

from certify_core.acme.answer import Answer
from certify_core.acme.base64url import to_base64url
from certify_core.domain.ari import Suggestion
from certify_core.errors import ProtocolViolation

_EPOCH = datetime.fromtimestamp(0, UTC)
_YEAR_3000 = datetime(3000, 1, 1, tzinfo=UTC).timestamp()


def certificate_id(key_identifier: bytes, serial: int) -> str:
    """Return what names a certificate (RFC 9773 section 4.1).

    Args:
        key_identifier: the keyIdentifier of its Authority Key Identifier extension.
        serial: its serial number, which is positive.
    """
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")  # as DER has it: with room for a sign
    return f"{to_base64url(key_identifier)}.{to_base64url(octets)}"


def suggestion_in(answer: Answer) -> Suggestion:
    """Read a suggested window (RFC 9773 section 4.2).

    Raises:
        ProtocolViolation: there is no window in the answer, or its end is not later than its start.
    """
    document = answer.json()
    window = document.get("suggestedWindow")
    bounds = window if isinstance(window, dict) else {}
    start, end = _moment(bounds.get("start")), _moment(bounds.get("end"))
    if start is None or end is None or end <= start:
        raise ProtocolViolation(
            f"{answer.url} suggests no window that could be understood.", "The certificate is renewed by its lifetime."
        )
    explanation = document.get("explanationURL")
    return Suggestion(
        start=start,
        end=end,
        explanation_url=explanation if isinstance(explanation, str) and explanation else None,
        retry_after=answer.retry_after,
    )


def _moment(text: object) -> float | None:
    """Return a date and time of RFC 3339 in seconds since the epoch, or None if it is none.

    What is before the epoch or after the year 2999 is brought in between: not every system has dates beyond that.
    """
    try:
        parsed = datetime.fromisoformat(text.upper()) if isinstance(text, str) else None
    except ValueError:
        return None
    if parsed is None or parsed.tzinfo is None:
        return None
    return min(max((parsed - _EPOCH).total_seconds(), 0.0), _YEAR_3000)
