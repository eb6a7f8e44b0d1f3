"""Windows machines: one for each test process, and new ones for who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.support.windows import WindowsMachine
from tests.windows.lab.build import LabMissing

Machines = Callable[[], AbstractContextManager[WindowsMachine]]


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """Start a new machine; without the lab the test fails, as a skipped test proves nothing."""

    @contextmanager
    def started() -> Iterator[WindowsMachine]:
        try:
            machine = WindowsMachine(tmp_path_factory.mktemp("machine")).__enter__()
        except LabMissing as missing:
            pytest.fail(str(missing), pytrace=False)
        try:
            yield machine
        finally:
            machine.__exit__()

    return started


@pytest.fixture(scope="session")
def machine(machines: Machines) -> Iterator[WindowsMachine]:
    """A machine that runs all along."""
    with machines() as running:
        yield running
