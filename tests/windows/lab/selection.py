"""A plugin of pytest, loaded on Windows Python alone: leaves out the tests that are listed in `posix_only`, and records
what becomes of each of the others, for `tests.support.windows_suite`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.windows.lab.posix_only import POSIX_ONLY

RECORD = "record.txt"
"""A line for each event, in the folder of the tests: `selected`, `begun`, `passed` or `failed`, and the test's id."""


def pytest_configure(config: pytest.Config) -> None:
    """Begin the record."""
    config.pluginmanager.register(_Recorder(config.rootpath / RECORD))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is listed; a line of the list that no test has any more is an error."""
    left_out = {item: key for item in items for key in POSIX_ONLY if item.nodeid.startswith(key)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    asked = tuple(argument.replace("\\", "/") for argument in config.args)
    useless = {key for key in POSIX_ONLY if key.startswith(asked)} - set(left_out.values())
    if useless:
        raise pytest.UsageError(f"No test is named like this any more: {sorted(useless)}")


class _Recorder:
    """Writes each line at once: the process may end at any time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._file.writelines(f"selected {item.nodeid}\n" for item in session.items)
        self._file.flush()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._file.write(f"begun {nodeid}\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._file.write(f"failed {report.nodeid}\n")
        elif report.when == "call":
            self._file.write(f"passed {report.nodeid}\n")
