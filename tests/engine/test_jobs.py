"""The job runner: one job of a name at a time, none lost, waiting ones hold no thread."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from certify_core.engine.jobs import Handler, JobRunner

SUBMITTERS = 8
PATIENCE = 20.0
"""Seconds after which a test gives up waiting for what should happen at once."""

Start = Callable[..., JobRunner]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a runner with a handler; it is stopped after the test."""
    started: list[JobRunner] = []

    def _start(handler: Handler, **options: object) -> JobRunner:
        runner = JobRunner(handler, **{"workers": 4, "name": "test", **options})  # type: ignore[arg-type]
        runner.start()
        started.append(runner)
        return runner

    yield _start
    for runner in started:
        runner.stop(PATIENCE)


class Gate:
    """A handler that tells when it has begun and goes on when it is let."""

    def __init__(self) -> None:
        self.begun: queue.Queue[str] = queue.Queue()
        self._through = threading.Semaphore(0)

    def __call__(self, name: str) -> None:
        self.begun.put(name)
        assert self._through.acquire(timeout=PATIENCE)

    def next_begun(self) -> str:
        """Wait for the next job to begin; return its name."""
        return self.begun.get(timeout=PATIENCE)

    def let(self, count: int = 1) -> None:
        """Let so many jobs end."""
        self._through.release(count)


def test_a_submitted_job_is_run_once(start: Start) -> None:
    names: queue.Queue[str] = queue.Queue()
    runner = start(names.put)
    runner.submit("a")
    first = names.get(timeout=PATIENCE)
    runner.submit("b")
    assert (first, names.get(timeout=PATIENCE), names.empty()) == ("a", "b", True)


def test_however_many_submit_a_name_it_never_runs_twice_at_once(start: Start) -> None:
    running: Counter[str] = Counter()
    at_once: list[int] = []
    lock, pause, done = threading.Lock(), threading.Event(), threading.Event()

    def handler(name: str) -> None:
        with lock:
            running[name] += 1
            at_once.append(running[name])
        pause.wait(0.001)
        with lock:
            running[name] -= 1
            if name == "last":
                done.set()

    runner = start(handler, workers=8)
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        list(pool.map(lambda number: runner.submit(str(number % 3)), range(3000)))
    runner.submit("last")
    assert done.wait(PATIENCE)
    assert set(at_once) == {1}


def test_a_job_submitted_while_it_runs_runs_once_more(start: Start) -> None:
    gate = Gate()
    runner = start(gate)
    runner.submit("a")
    gate.next_begun()
    for _ in range(5):
        runner.submit("a")
    gate.let()
    gate.next_begun()
    gate.let()
    assert runner.stop(PATIENCE)
    assert gate.begun.empty()


def test_a_job_that_waits_for_its_turn_is_not_queued_twice(start: Start) -> None:
    gate = Gate()
    runner = start(gate, workers=1)
    runner.submit("busy")
    gate.next_begun()
    for _ in range(5):
        runner.submit("a")
    runner.submit("end")
    gate.let(7)
    assert [gate.next_begun(), gate.next_begun()] == ["a", "end"]


def test_as_many_jobs_run_at_once_as_there_are_workers(start: Start) -> None:
    gate = Gate()
    runner = start(gate, workers=3)
    for name in "abcde":
        runner.submit(name)
    begun = {gate.next_begun() for _ in range(3)}
    assert (len(begun), gate.begun.empty()) == (3, True)
    gate.let(5)


def test_a_job_is_called_again_after_the_seconds_it_asks_for(start: Start) -> None:
    calls: queue.Queue[float] = queue.Queue()

    def handler(_: str) -> float | None:
        calls.put(time.monotonic())
        return 0.2 if calls.qsize() == 1 else None

    start(handler).submit("a")
    first = calls.get(timeout=PATIENCE)
    calls.put(first)  # the handler counts the calls
    calls.get(timeout=PATIENCE)
    assert calls.get(timeout=PATIENCE) - first >= 0.2


def test_waiting_jobs_come_in_the_order_of_their_moments_whoever_was_first(start: Start) -> None:
    waits = {"late": 0.3, "soon": 0.1, "between": 0.2}
    seen: list[str] = []
    again: queue.Queue[str] = queue.Queue()

    def handler(name: str) -> float | None:
        if name in seen:
            again.put(name)
            return None
        seen.append(name)
        return waits[name]

    runner = start(handler, workers=1)
    for name in waits:
        runner.submit(name)
    assert [again.get(timeout=PATIENCE) for _ in waits] == ["soon", "between", "late"]


def test_a_waiting_job_holds_no_thread(start: Start) -> None:
    done: queue.Queue[str] = queue.Queue()

    def handler(name: str) -> float | None:
        if name.startswith("waiting"):
            return 3600.0
        done.put(name)
        return None

    runner = start(handler, workers=1)
    for number in range(50):
        runner.submit(f"waiting {number}")
    runner.submit("a")
    assert done.get(timeout=PATIENCE) == "a"


def test_submitting_a_waiting_job_does_not_hurry_it(start: Start) -> None:
    calls: queue.Queue[str] = queue.Queue()

    def handler(name: str) -> float | None:
        calls.put(name)
        return 3600.0 if name == "patient" else None

    runner = start(handler, workers=1)
    for name in ("patient", "marker 1", "patient", "marker 2"):
        runner.submit(name)
        if name.startswith("marker"):
            while calls.get(timeout=PATIENCE) != name:
                pass
    assert calls.empty()


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_job_whose_handler_raises_is_run_again_and_costs_no_thread(start: Start, error: type[BaseException]) -> None:
    calls: Counter[str] = Counter()
    done = threading.Event()

    def handler(name: str) -> None:
        calls[name] += 1
        if calls[name] <= 3:
            raise error("odd")
        done.set()

    start(handler, workers=1, after_a_fault=0.01).submit("a")
    assert done.wait(PATIENCE)
    assert calls == {"a": 4}


def test_a_job_that_raised_waits_before_it_is_run_again(start: Start) -> None:
    calls: queue.Queue[float] = queue.Queue()

    def handler(_: str) -> None:
        calls.put(time.monotonic())
        raise OSError("disk full")

    start(handler, after_a_fault=0.2).submit("a")
    first, second = calls.get(timeout=PATIENCE), calls.get(timeout=PATIENCE)
    assert second - first >= 0.2


def test_jobs_under_way_take_room_until_they_end(start: Start) -> None:
    gate = Gate()
    runner = start(gate, capacity=3)
    room = [runner.room]
    for name in "abcd":
        runner.submit(name)
        room.append(runner.room)
    gate.let(4)
    assert room == [3, 2, 1, 0, 0]


def test_who_waits_for_room_is_told_when_half_of_it_is_free(start: Start) -> None:
    gate, told = Gate(), threading.Event()
    runner = start(gate, capacity=4, on_room=told.set)
    for name in "abcd":
        runner.submit(name)
    for _ in range(4):
        gate.next_begun()
    early = told.is_set()
    gate.let(2)
    assert (early, told.wait(PATIENCE)) == (False, True)
    assert runner.room == 2
    gate.let(2)


def test_stopping_waits_for_what_runs_and_starts_nothing_more(start: Start) -> None:
    gate = Gate()
    runner = start(gate, workers=1)
    for name in "abc":
        runner.submit(name)
    gate.next_begun()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(runner.stop, PATIENCE)
        gate.let(3)
        assert stopping.result(PATIENCE) is True
    assert gate.begun.qsize() <= 2


def test_stopping_says_when_something_did_not_end_in_time(start: Start) -> None:
    gate = Gate()
    runner = start(gate)
    runner.submit("a")
    gate.next_begun()
    in_time = runner.stop(0.05)
    gate.let()
    assert (in_time, runner.stop(PATIENCE)) == (False, True)


def test_a_runner_that_was_never_started_stops(start: Start) -> None:
    assert JobRunner(print, workers=1, name="test").stop(1.0)
