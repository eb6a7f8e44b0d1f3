"""A suite of the project's tests on Windows Python, made to end with an answer whatever Wine does.

Wine hangs or crashes now and then on a loaded machine, and with the process all tests after that one.
So each test has two tries, the second one on another machine: what fails twice fails, and what was not reached is run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.support.windows import WindowsMachine

TRIES = 2
PROCESSES = 4
"""More are not begun: what ends so many is no accident."""
STANDSTILL_SECONDS = 600
"""So long may a test take, with what is set up for it: pytest ends it after 300 if it still reacts."""
END_SECONDS = 120
"""So long may a process take to end after its last test."""


@dataclass
class Record:
    """What became of the tests that a process was asked for."""

    selected: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, text: str) -> Record:
        """Read what `tests.windows.lab.selection` has written."""
        record = cls()
        for line in text.splitlines():
            kind, _, test = line.partition(" ")
            found = getattr(record, kind)
            found.append(test) if isinstance(found, list) else found.add(test)
        return record

    @property
    def broken(self) -> set[str]:
        """The tests that failed, and the one during which the process ended."""
        return self.failed | (set(self.begun) - self.passed)

    @property
    def is_over(self) -> bool:
        """Whether something became of every test."""
        return bool(self.selected) and set(self.selected) <= self.passed | self.failed


class Standstill:
    """Whether a process has come no further for too long."""

    def __init__(self, read_record: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._read_record = read_record
        self._clock = clock
        self._seen, self._since = "", clock()

    def __call__(self) -> bool:
        """Look how far it is."""
        text = self._read_record()
        if text != self._seen:
            self._seen, self._since = text, self._clock()
        patience = END_SECONDS if Record.read(text).is_over else STANDSTILL_SECONDS
        return self._clock() - self._since > patience


@dataclass
class Suite:
    """How the whole went."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    outputs: list[str] = field(default_factory=list)
    """What each process said."""


def run_suite(
    machines: Callable[[], AbstractContextManager[WindowsMachine]], paths: Sequence[str], timeout: float
) -> Suite:
    """Run the tests of some folders; `timeout` is in seconds, for one process."""
    suite, tries, left = Suite(), Counter[str](), list(paths)
    for _ in range(PROCESSES):
        with machines() as machine:
            suite.outputs.append(_said(machine, left, timeout))
            record = Record.read(machine.read_record())
        tries.update(record.broken)
        suite.passed |= record.passed - record.failed
        suite.failed = {test for test in tries if tries[test] >= TRIES and test not in suite.passed}
        if record.selected:
            left = [test for test in record.selected if test not in suite.passed | suite.failed]
        if not left:
            return suite
    suite.failed |= set(left)
    return suite


def _said(machine: WindowsMachine, tests: Sequence[str], timeout: float) -> str:
    try:
        return machine.pytest(*tests, timeout=timeout, hangs=Standstill(machine.read_record)).output
    except AssertionError as hung:
        return str(hung)
