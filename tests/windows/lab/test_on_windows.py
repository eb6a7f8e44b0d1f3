"""The project's own tests, run by Windows Python on the wheel as Windows users get it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.windows_suite import run_suite
from tests.windows.lab.conftest import Machines
from tests.windows.lab.posix_only import LEFT_OUT, POSIX_ONLY

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
MINUTES = 60
SUITES = {
    "service, a to h": ["tests/service/test_[a-h]*.py"],
    "service, i to z": ["tests/service/test_[i-z]*.py"],
    "issuance, a to f": ["tests/issuance/test_[a-f]*.py"],
    "issuance, g to z": ["tests/issuance/test_[g-z]*.py"],
    "command line": ["tests/cli"],
    "killed midway": [
        "tests/recovery/test_*_crashes.py",
        "tests/recovery/test_crash_*.py",
        "tests/recovery/test_killed_*.py",
    ],
    "damaged databases, disks and chaos": [
        "tests/recovery/test_corruption_campaign.py",
        "tests/recovery/test_damaged_database.py",
        "tests/recovery/test_*_disk.py",
        "tests/recovery/test_chaos.py",
    ],
    "windows": ["tests/windows"],
    "plugins": ["tests/plugins"],
    "plugins of others": ["tests/packaging/test_[!w]*.py"],
    "acme, health, notifications and moving": ["tests/acme", "tests/health", "tests/notifications", "tests/transfer"],
    "unit, engine, store and configuration": ["tests/unit", "tests/engine", "tests/store", "tests/configuration"],
}
"""What is run in one process each, and again if that ends before its time (`run_suite`); the longest first."""


@pytest.mark.timeout(60 * MINUTES)
@pytest.mark.parametrize("suite", SUITES)
def test_the_tests_pass_on_windows(machines: Machines, suite: str) -> None:
    ended = run_suite(machines, _found(SUITES[suite]), timeout=25 * MINUTES)
    assert not ended.failed, "\n".join(ended.outputs)


def test_every_test_is_run_there_or_left_out_with_a_reason() -> None:
    run = [path for patterns in SUITES.values() for path in _found(patterns)]
    files = [
        *(file for path in run for file in _files(path)),
        *(file for folder in LEFT_OUT for file in _files(folder)),
    ]
    assert sorted(files) == sorted(_files("tests"))


def test_the_page_shows_every_test_that_is_left_out_and_why() -> None:
    page = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")
    tables = [
        "".join(f"| `{test}` | {reason} |\n" for test, reason in table.items()) for table in (LEFT_OUT, POSIX_ONLY)
    ]
    assert [table for table in tables if table not in page] == []


def _found(patterns: Sequence[str]) -> list[str]:
    """Return the folders and files that are meant, as pytest takes them."""
    return [path.relative_to(PROJECT).as_posix() for pattern in patterns for path in sorted(PROJECT.glob(pattern))]


def _files(path: str) -> list[Path]:
    """Return the files of tests in a folder, or the one of this name; those of the lab itself are no Windows tests."""
    found = PROJECT / path
    files = [found] if found.is_file() else found.rglob("test_*.py")
    return [file for file in files if file.parent != HERE]
