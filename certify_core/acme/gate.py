"""A gate: many may be inside at once, or one alone. Requests of an account pass it; who changes its key closes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Open until somebody closes it; who is inside must not pass or close it again."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._is_closed = False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Be inside, together with others; wait while it is closed."""
        with self._change:
            self._change.wait_for(lambda: not self._is_closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                if self._is_closed:
                    self._change.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Be alone: let nobody in any more, and wait until all are out."""
        with self._change:
            self._change.wait_for(lambda: not self._is_closed)
            self._is_closed = True
            self._change.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._change:
                self._is_closed = False
                self._change.notify_all()
