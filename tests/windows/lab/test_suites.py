"""A suite on Windows ends with an answer, whatever happens to its processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.support.windows import Ended
from tests.support.windows_suite import END_SECONDS, PROCESSES, STANDSTILL_SECONDS, Standstill, run_suite


class MadeUp:
    """Machines whose processes do, one after the other, what a test says."""

    def __init__(self, *records: str, hung: bool = False) -> None:
        self._records = iter(records)
        self._hung = hung
        self.asked: list[Sequence[str]] = []

    def __call__(self) -> AbstractContextManager[Any]:
        @contextmanager
        def started() -> Iterator[MadeUp]:
            yield self

        return started()

    def pytest(self, *tests: str, timeout: float, hangs: Callable[[], bool]) -> Ended:
        self.asked.append(tests)
        if self._hung:
            raise AssertionError("it did not end")
        return Ended(0, "said")

    def read_record(self) -> str:
        return next(self._records)


ALL = "selected a\nselected b\nselected c\n"


def test_what_passes_is_run_once() -> None:
    machines = MadeUp(f"{ALL}begun a\npassed a\nbegun b\npassed b\nbegun c\npassed c\n")
    ended = run_suite(machines, ["folder"], 1)
    assert (ended.passed, ended.failed, machines.asked) == ({"a", "b", "c"}, set(), [("folder",)])


def test_what_fails_once_and_passes_alone_has_passed() -> None:
    first = f"{ALL}begun a\npassed a\nbegun b\nfailed b\nbegun c\npassed c\n"
    machines = MadeUp(first, "selected b\nbegun b\npassed b\n")
    ended = run_suite(machines, ["folder"], 1)
    assert (ended.passed, ended.failed, machines.asked[1:]) == ({"a", "b", "c"}, set(), [("b",)])


def test_what_fails_twice_has_failed() -> None:
    machines = MadeUp("selected a\nbegun a\nfailed a\n", "selected a\nbegun a\npassed a\nfailed a\n")
    assert run_suite(machines, ["folder"], 1).failed == {"a"}


def test_what_was_not_reached_when_the_process_ended_is_run() -> None:
    machines = MadeUp(
        f"{ALL}begun a\npassed a\nbegun b\n", "selected b\nselected c\nbegun b\npassed b\nbegun c\npassed c\n"
    )
    ended = run_suite(machines, ["folder"], 1)
    assert (ended.passed, ended.failed, machines.asked[1:]) == ({"a", "b", "c"}, set(), [("b", "c")])


def test_a_test_that_ends_its_process_twice_has_failed_and_the_others_are_run() -> None:
    died = "begun a\n"
    machines = MadeUp(f"{ALL}{died}", f"{ALL}{died}", "selected b\nselected c\nbegun b\npassed b\nbegun c\npassed c\n")
    ended = run_suite(machines, ["folder"], 1)
    assert (ended.passed, ended.failed) == ({"b", "c"}, {"a"})


def test_a_process_that_hangs_is_one_that_ended() -> None:
    machines = MadeUp("selected a\nbegun a\n", "selected a\nbegun a\n", hung=True)
    ended = run_suite(machines, ["folder"], 1)
    assert (ended.failed, ended.outputs) == ({"a"}, ["it did not end"] * 2)


def test_processes_that_end_again_and_again_are_given_up() -> None:
    many = "".join(f"selected {number}\n" for number in range(9))
    machines = MadeUp(*(f"{many}begun {number}\n" for number in range(9)))
    ended = run_suite(machines, ["folder"], 1)
    assert (len(machines.asked), len(ended.failed)) == (PROCESSES, 9)


def test_a_process_that_selects_nothing_has_failed() -> None:
    ended = run_suite(MadeUp(*[""] * PROCESSES), ["folder"], 1)
    assert (ended.passed, ended.failed) == (set(), {"folder"})


def stands_still(*looks: tuple[float, str]) -> bool:
    """Return what is said of a process at the last of some looks: so many seconds after its start, at this record."""
    now, record = 0.0, ""
    found = Standstill(lambda: record, lambda: now)
    for at, written in looks:
        now, record = at, written
        answer = found()
    return answer


def test_a_process_that_goes_on_is_waited_for() -> None:
    later = STANDSTILL_SECONDS - 1
    assert not stands_still((later, f"{ALL}begun a\n"), (2 * later, f"{ALL}begun a\npassed a\n"))


def test_a_process_that_comes_no_further_hangs() -> None:
    assert stands_still((1, f"{ALL}begun a\n"), (STANDSTILL_SECONDS + 2, f"{ALL}begun a\n"))


def test_a_process_that_never_begins_hangs() -> None:
    assert stands_still((STANDSTILL_SECONDS + 1, ""))


def test_a_process_that_has_run_all_and_does_not_end_hangs_sooner() -> None:
    over = "selected a\nbegun a\npassed a\n"
    assert stands_still((1, over), (END_SECONDS + 2, over))
