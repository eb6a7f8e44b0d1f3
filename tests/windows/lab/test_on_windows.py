"""The project's own tests, run by Windows Python on the wheel as Windows users get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.windows_suite import run_suite
from tests.windows.lab.conftest import Machines
from tests.windows.lab.posix_only import LEFT_OUT, POSIX_ONLY

PROJECT = Path(__file__).parents[3]
MINUTES = 60
SUITES = {
    "windows": ["tests/windows"],
    "unit and engine": ["tests/unit", "tests/engine"],
    "store": ["tests/store"],
    "configuration": ["tests/configuration"],
    "plugins": ["tests/plugins"],
    "acme, health and notifications": ["tests/acme", "tests/health", "tests/notifications"],
    "service": ["tests/service"],
    "command line and moving": ["tests/cli", "tests/transfer"],
    "issuance": ["tests/issuance"],
}
"""What is run in one process each, and again if that ends before its time (`run_suite`)."""


@pytest.mark.timeout(60 * MINUTES)
@pytest.mark.parametrize("suite", SUITES)
def test_the_tests_pass_on_windows(machines: Machines, suite: str) -> None:
    ended = run_suite(machines, SUITES[suite], timeout=25 * MINUTES)
    assert not ended.failed, "\n".join(ended.outputs)


def test_every_folder_of_tests_is_run_there_or_left_out_with_a_reason() -> None:
    tests = {file.relative_to(PROJECT).parts[1] for file in (PROJECT / "tests").glob("*/**/test_*.py")}
    run = {folder.removeprefix("tests/") for folders in SUITES.values() for folder in folders}
    left_out = {folder.removeprefix("tests/") for folder in LEFT_OUT}
    assert (tests - run, tests - left_out) == (left_out, run)


def test_the_page_shows_every_test_that_is_left_out_and_why() -> None:
    page = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")
    tables = [
        "".join(f"| `{test}` | {reason} |\n" for test, reason in table.items()) for table in (LEFT_OUT, POSIX_ONLY)
    ]
    assert [table for table in tables if table not in page] == []
