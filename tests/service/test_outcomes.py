"""How an operation ends is told outside of the lock that the event loop takes, and is told in any case."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certify_core.engine.events import EventKind, Events
from certify_core.errors import LocalFault
from certify_core.service.operations import Operations


def outcome(succeeds_if: Callable[[Operations, str], bool]) -> str | None:
    """Return how an operation ends that finds out by itself whether it has succeeded."""
    events = Events(lambda: 0.0)
    operations = Operations(events)
    with operations.started("shop") as operation:
        operation.succeeds_if = lambda _: succeeds_if(operations, operation.id)
        operation.accept()
    events.publish("shop", EventKind.SETTLED, "healthy")
    return operation.outcome


@pytest.mark.parametrize(("answer", "expected"), [(True, "succeeded"), (False, "failed")])
def test_it_ends_as_it_has_found_out(answer: bool, expected: str) -> None:
    assert outcome(lambda operations, operation: answer) == expected


@pytest.mark.timeout(20)
def test_operations_can_be_looked_at_while_one_finds_out() -> None:
    assert outcome(lambda operations, operation: operations.get(operation).outcome is None) == "succeeded"


def test_one_that_cannot_find_out_has_failed() -> None:
    def broken(operations: Operations, operation: str) -> bool:
        raise LocalFault("The database cannot be read.", "Restore it.")

    assert outcome(broken) == "failed"
