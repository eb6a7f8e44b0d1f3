"""Trying what an order will need of this machine, before an authority is asked: a local fault then costs nothing.

The disk takes a file as large as a certificate; the challenge path shows an answer that nobody asked for. What was
found good is not tried again for a few seconds, so that a thousand orders are not a thousand probes.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from certify_core.domain.order import Order
from certify_core.engine.challenges import Challenges
from certify_core.store import Store

GOOD_FOR = 5.0
"""Seconds."""


class Probes:
    """Remembers what was tried."""

    def __init__(self, store: Store, challenges: Challenges) -> None:
        self._store = store
        self._challenges = challenges
        self._tried: dict[str, float] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def check(self, order: Order) -> None:
        """Try disk and challenge path.

        Raises:
            LocalFault: the disk is full, a port is taken, a folder may not be written.
            ChallengeFailed: the answer could not be seen through the loopback.
        """
        path = order.challenge.model_dump_json()
        # Orders that come together try it once and all know.
        with self._locks[path]:
            if time.monotonic() - self._tried.get(path, -GOOD_FOR) < GOOD_FOR:
                return
            self._store.assets.probe()
            self._challenges.probe(order.challenge, order.identifiers[0], order.id)
            self._tried[path] = time.monotonic()
