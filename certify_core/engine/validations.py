"""Orders whose names an authority is validating: until it has looked, their account keeps its key.

What an authority expects to see depends on the account's key (RFC 8555 section 8.1), and some ask which one that is
only when they look. So a change of the key lets validations end that are under way, and holds back those to come.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 20.0
"""Seconds for which validations are waited for; those that last longer may fail, and are ordered again."""


class Validations:
    """Knows in this process which orders are being validated."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._change = threading.Condition()
        self._under_way: defaultdict[str, set[str]] = defaultdict(set)
        """Orders by the address of the directory."""
        self._paused: set[str] = set()

    def begin(self, directory: str, order_id: str) -> bool:
        """Note that an order is about to be validated; return False if it has to come again a little later."""
        with self._change:
            if directory in self._paused:
                return False
            self._under_way[directory].add(order_id)
            return True

    def end(self, order_id: str) -> None:
        """Note that an order is not being validated any more; it need not have been."""
        with self._change:
            for orders in self._under_way.values():
                orders.discard(order_id)
            self._change.notify_all()

    @contextmanager
    def paused(self, directory: str) -> Iterator[None]:
        """Let none begin at this authority, and wait for those under way; one caller after the other."""
        with self._change:
            self._change.wait_for(lambda: directory not in self._paused)
            self._paused.add(directory)
            self._change.wait_for(lambda: not self._under_way[directory], self._patience)
        try:
            yield
        finally:
            with self._change:
                self._paused.discard(directory)
                self._change.notify_all()
