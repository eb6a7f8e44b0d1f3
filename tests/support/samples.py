"""Of a long table some cases, spread over the whole of it, where all of them would take too long."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def some_on_windows(cases: Sequence[T], *, every: int) -> Sequence[T]:
    """Return all cases; on Windows Python one of so many: Wine takes five to ten seconds to start a service.

    An odd number takes from pairs, as before and after a step, now the one and now the other.
    """
    return cases[::every] if os.name == "nt" else cases
