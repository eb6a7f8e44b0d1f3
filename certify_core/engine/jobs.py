"""Runs jobs by name in threads: at once or later, one of each name at a time.

A job is a name such as `renew:<id>`; what it does is the handler's business and must bear repetition. The handler
returns the seconds after which it wants to be called again, or None; one that raises is called again after a while,
so that a full disk, which keeps it from noting even its own failure, loses no job. A thread is never held while a job
waits.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable

Handler = Callable[[str], float | None]

AFTER_A_FAULT = 60.0
"""Seconds before a job whose handler raised is run again."""

_log = logging.getLogger(__name__)


class JobRunner:
    """A pool of threads with a time table."""

    def __init__(
        self,
        handler: Handler,
        *,
        workers: int,
        name: str,
        capacity: int = 1000,
        after_a_fault: float = AFTER_A_FAULT,
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        """`capacity` is how many jobs it likes to have at once; `on_room` is called when half of it is free again."""
        self._handler = handler
        self._capacity = capacity
        self._after_a_fault = after_a_fault
        self._on_room = on_room
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._change = threading.Condition()
        self._later: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._known: set[str] = set()
        self._repeat: set[str] = set()
        self._running: set[str] = set()
        self._stopping = False
        self._name = name
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._timer = threading.Thread(target=self._keep_time, name=f"{name}-timer", daemon=True)

    def start(self) -> None:
        """Take jobs from now on; threads are made when they are needed."""
        self._timer.start()

    def submit(self, name: str) -> None:
        """Run a job as soon as a thread is free; if it is running, once more after it has ended."""
        with self._change:
            if name in self._running:
                self._repeat.add(name)
            elif name not in self._known:
                self._known.add(name)
                self._ready.put(name)
                self._staff()

    @property
    def room(self) -> int:
        """How many more jobs it likes to have."""
        with self._change:
            return max(0, self._capacity - len(self._known))

    def stop(self, timeout: float) -> bool:
        """Start nothing more and wait for what runs; return whether all of it ended in `timeout` seconds."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        for _ in self._threads:
            self._ready.put(None)
        deadline = time.monotonic() + timeout
        for thread in (self._timer, *self._threads):
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _staff(self) -> None:
        """Add a thread if every one there is has something to do, up to as many as there may be."""
        if len(self._threads) < min(self._workers, len(self._known)) and not self._stopping:
            number = len(self._threads) + 1
            thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (name := self._ready.get()) is not None:
            with self._change:
                if self._stopping:
                    return
                self._running.add(name)
            try:
                wait = self._handler(name)
            except BaseException:  # what a plugin raises to end a program must not end a thread of the pool
                _log.exception("Job %s failed; it is run again in %s s", name, self._after_a_fault)
                wait = self._after_a_fault
            self._finished(name, wait)

    def _finished(self, name: str, wait: float | None) -> None:
        room_again = False
        with self._change:
            self._running.discard(name)
            if name in self._repeat:
                self._repeat.discard(name)
                wait = 0.0
            if wait is None:
                self._known.discard(name)
                room_again = len(self._known) == self._capacity // 2
            elif wait <= 0:
                self._ready.put(name)
            else:
                heapq.heappush(self._later, (time.monotonic() + wait, next(self._order), name))
                if self._later[0][2] == name:
                    self._change.notify_all()
        if room_again:
            self._on_room()

    def _keep_time(self) -> None:
        with self._change:
            while not self._stopping:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    self._ready.put(heapq.heappop(self._later)[2])
                self._change.wait(self._later[0][0] - now if self._later else None)
