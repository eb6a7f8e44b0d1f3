"""docs/windows.md says what is so: its steps are those of the selftest, and its tests are there."""

from __future__ import annotations

import re
from pathlib import Path

from certify_core.api import PluginContext
from certify_core.plugins import Plugins

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "windows.md").read_text(encoding="utf-8")


def test_every_step_of_the_selftest_is_in_the_table_of_what_is_not_proven(tmp_path: Path) -> None:
    table = PAGE.split("\n## What Wine cannot prove\n")[1].split("\n## ")[0]
    named = {name for line in table.splitlines() for name in re.findall(r"`([\w-]+)`", line.rpartition(" | ")[2])}
    tests = Plugins.load(PluginContext(tmp_path)).selftests
    assert named == {step.name for test in tests if test.suite == "windows" for step in test.steps()}


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
