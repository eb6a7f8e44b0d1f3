"""What a plugin hands over that tries on a real machine what no machine of the tests can show.

Tests of several plugins make one suite, which `certify selftest SUITE` runs: first what only looks, then, with the
administrator's consent, what makes something of its own and takes it away again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class NothingToTest(Exception):
    """What a step is about is not on this machine; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class SelfTestStep:
    """One thing that is tried."""

    name: str
    """Short, in lower case, with hyphens: documents and reports call the step so."""
    title: str
    """What is tried, and of a step that changes something, what that is: one line for people."""
    run: Callable[[], str]
    """Tries it and returns what was seen: one line that may be published, without secrets and names of the machine's
    own. Raises `CertifyError` if it does not work, and `NothingToTest`."""
    changes: bool = False
    """Whether it makes something on the machine; it takes it away again by itself, also when it fails."""


@runtime_checkable
class SelfTest(Protocol):
    """Steps of a suite; they run in this order, one after the other, and none relies on another."""

    name: str
    """Short, in lower case, with hyphens."""
    title: str
    """One line for people."""
    suite: str
    """What `certify selftest` is given: the kind of machine that it is about."""

    def is_here(self) -> bool:
        """Whether this is a machine of that kind."""

    def steps(self) -> Sequence[SelfTestStep]:
        """Return the steps; asked only where `is_here`."""
