"""Asking again at once, for questions that change nothing: a lost connection or a stumbling server often recovers."""

from __future__ import annotations

import time
from collections.abc import Callable

from certify_core.acme.answer import Answer, ConnectionBroken

PAUSES = (0.1, 0.5)
"""Seconds before the second and the third attempt."""
PASSING = {500, 502, 503, 504}
"""Statuses that may be gone with the next request; 501 and 505 will not (RFC 9110 section 15.6)."""


def repeated(ask: Callable[[], Answer]) -> Answer:
    """Return the answer of the first attempt that succeeds, or what came of the last.

    An authority that says when to come back (Retry-After) is not asked before.
    """
    for pause in PAUSES:
        try:
            answer = ask()
        except ConnectionBroken:
            pass
        else:
            if answer.status not in PASSING or answer.retry_after is not None:
                return answer
        time.sleep(pause)
    return ask()
