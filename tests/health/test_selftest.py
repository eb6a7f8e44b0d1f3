"""Selftests: which ones are a suite's, what becomes of a step, and what a report holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from certify_core.api import LocalFault, NothingToTest, PluginContext, SelfTest, SelfTestStep, hookimpl
from certify_core.errors import NotFound
from certify_core.health.selftest import Outcome, find_suite, not_tried, report, run_step
from certify_core.plugins import Plugins


class Made:
    """A selftest that a test makes up."""

    title = "A selftest of a test"

    def __init__(self, name: str, suite: str = "machine", *, here: bool = True) -> None:
        self.name = name
        self.suite = suite
        self._here = here

    def is_here(self) -> bool:
        return self._here

    def steps(self) -> Sequence[SelfTestStep]:
        return []


def plugins(tmp_path: Path, *tests: Made) -> Plugins:
    """Return plugins of which one offers these."""

    class Plugin:
        @hookimpl
        def certify_selftests(self) -> list[SelfTest]:
            return list(tests)

    found = Plugins(PluginContext(tmp_path))
    assert found.register("made-up", Plugin()).error is None
    return found


def step(run: Callable[[], str]) -> SelfTestStep:
    return SelfTestStep("try", "Something is tried", run)


def raising(error: Exception) -> Callable[[], str]:
    def run() -> str:
        raise error

    return run


def test_the_tests_of_one_suite_are_found_whichever_plugin_brings_them(tmp_path: Path) -> None:
    found = find_suite(plugins(tmp_path, Made("a"), Made("b", "other"), Made("c")), "machine")
    assert [test.name for test in found] == ["a", "c"]


def test_what_is_for_another_machine_is_left_out(tmp_path: Path) -> None:
    assert find_suite(plugins(tmp_path, Made("a", here=False)), "machine") == []


def test_an_unknown_suite_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        find_suite(plugins(tmp_path, Made("a"), Made("b", "other")), "none")
    assert refused.value.remedy == "There are: machine, other."


@pytest.mark.parametrize(
    ("run", "outcome", "told", "remedy"),
    [
        (lambda: "All is well.", Outcome.PASSED, "All is well.", ""),
        (raising(NothingToTest("There is none.")), Outcome.NOTHING, "There is none.", ""),
        (raising(LocalFault("It is off.", "Switch it on.")), Outcome.FAILED, "It is off.", "Switch it on."),
        (raising(KeyError("x")), Outcome.FAILED, "Unexpected KeyError: 'x'", "send the report in"),
    ],
    ids=["passed", "nothing", "failed", "unforeseen"],
)
def test_whatever_a_step_does_is_how_it_went(run: Callable[[], str], outcome: Outcome, told: str, remedy: str) -> None:
    tried = run_step(step(run))
    assert (tried.outcome, tried.told, remedy in tried.remedy) == (outcome, told, True)


def test_a_step_says_how_long_it_took() -> None:
    times = iter([10.0, 12.5])
    assert run_step(step(lambda: ""), clock=lambda: next(times)).seconds == 2.5


def test_a_report_holds_versions_counts_and_every_step_as_json() -> None:
    made = report("machine", [run_step(step(lambda: "Well.")), not_tried(step(lambda: "never"))])
    again = json.loads(json.dumps(made))
    assert again["outcomes"] == {"passed": 1, "failed": 0, "nothing to test": 0, "not tried": 1}
    assert [one["told"] for one in again["steps"]] == ["Well.", ""]
    assert {"certify", "python", "system", "at"} <= set(again)
