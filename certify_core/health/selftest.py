"""Runs the selftests of a suite, and says how it went in a report that may be sent to somebody."""

from __future__ import annotations

import platform
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from certify_core import __version__
from certify_core.errors import CertifyError, NotFound, failure_of
from certify_core.plugins import Plugins
from certify_core.selftests import NothingToTest, SelfTest, SelfTestStep


class Outcome(StrEnum):
    """How a step went."""

    PASSED = "passed"
    FAILED = "failed"
    NOTHING = "nothing to test"
    NOT_TRIED = "not tried"
    """It changes the machine, and nobody consented."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A step and how it went."""

    name: str
    title: str
    changes: bool
    outcome: Outcome
    told: str = ""
    """What was seen, what is missing, or why it failed."""
    remedy: str = ""
    seconds: float = 0.0


def find_suite(plugins: Plugins, suite: str) -> list[SelfTest]:
    """Return the selftests of a suite that are about this machine; none if it is another kind of machine.

    Raises:
        NotFound: there is no such suite; names those that there are.
    """
    found = [test for test in plugins.selftests if test.suite == suite]
    if not found:
        known = ", ".join(sorted({test.suite for test in plugins.selftests})) or "none"
        raise NotFound(f"There is no selftest {suite!r}.", f"There are: {known}.")
    return [test for test in found if test.is_here()]


def run_step(step: SelfTestStep, clock: Callable[[], float] = time.monotonic) -> Tried:
    """Try one step; whatever it raises is how it went."""
    begun = clock()
    outcome, told, remedy = Outcome.PASSED, "", ""
    try:
        told = step.run()
    except NothingToTest as missing:
        outcome, told = Outcome.NOTHING, str(missing)
    except CertifyError as error:
        outcome, told, remedy = Outcome.FAILED, error.cause, error.remedy
    except Exception as error:
        outcome, told = Outcome.FAILED, failure_of(error).cause
        remedy = "This is a fault of Certify: send the report in."
    return Tried(step.name, step.title, step.changes, outcome, told, remedy, round(clock() - begun, 3))


def not_tried(step: SelfTestStep) -> Tried:
    """Return what a report says of a step for which nobody consented."""
    return Tried(step.name, step.title, step.changes, Outcome.NOT_TRIED)


def report(suite: str, tried: Sequence[Tried]) -> dict[str, Any]:
    """Return the report: versions and outcomes, without secrets and without the name of the machine."""
    return {
        "suite": suite,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "certify": __version__,
        "python": f"{platform.python_version()}, {struct.calcsize('P') * 8}-bit",
        "system": platform.platform(),
        "outcomes": counted(tried),
        "steps": [asdict(one) for one in tried],
    }


def counted(tried: Iterable[Tried]) -> dict[str, int]:
    """Return how often there was each outcome, in the outcomes' own order."""
    counts = Counter(one.outcome for one in tried)
    return {outcome.value: counts[outcome] for outcome in Outcome}
