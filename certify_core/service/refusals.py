"""What who is not let in is told: a problem document (RFC 9457), and how to get in."""

from __future__ import annotations

import math

import orjson
from starlette.responses import Response

from certify_core.domain.failure import FailureClass
from certify_core.service.problems import MEDIA_TYPE


def refusal(
    status: int,
    detail: str,
    remedy: str,
    headers: dict[str, str] | None = None,
    *,
    failure_class: FailureClass = FailureClass.USER,
) -> Response:
    """Return the answer for a request that is not served."""
    body = {
        "title": "Refused",
        "status": status,
        "detail": detail,
        "remedy": remedy,
        "failure_class": failure_class,
    }
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)


def too_many_tries(wait: float) -> Response:
    """Return the answer to a wrong try that comes too soon after others."""
    seconds = math.ceil(wait)
    return refusal(
        429,
        "Too many wrong tries came from this address.",
        f"Wait {seconds} seconds, then use a right token; a right one is let in at any time.",
        {"Retry-After": str(seconds)},
    )
