"""One Windows machine for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.windows import WindowsMachine
from tests.windows.lab.build import LabMissing


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowsMachine]:
    """A machine that runs; without the lab the test fails, as a skipped test proves nothing."""
    try:
        started = WindowsMachine(tmp_path_factory.mktemp("machine")).__enter__()
    except LabMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    yield started
    started.__exit__()
