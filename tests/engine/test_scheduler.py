"""The scheduler: takes up what is due when it is due, and nothing makes it give up. The store is a real one."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine, event

from certify_core.domain.attempts import Outcome
from certify_core.engine.jobs import JobRunner
from certify_core.engine.scheduler import Scheduler
from certify_core.store import Store
from tests.support.stores import FAILURE, NOW, ORIGIN, issue, sqlite_engine, wanting
from tests.support.waiting import eventually

PATIENCE = 20.0
"""Seconds: far less than the scheduler sleeps when nobody wakes it."""


class Clock:
    """Runs as time does from NOW, and can be set."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.ahead = 0.0

    def __call__(self) -> float:
        return NOW + time.monotonic() - self._start + self.ahead


class Taken(NamedTuple):
    """What was taken up, and what the clock said then."""

    kind: str
    id: str
    at: float


class Office:
    """A scheduler with its runners, and what it takes up."""

    def __init__(self, engine: Engine, folder: Path, capacity: int = 100) -> None:
        self.clock = Clock()
        self.store = Store(engine, folder)
        self.taken: queue.Queue[Taken] = queue.Queue()
        self.let_go = threading.Event()
        self.let_go.set()
        self.renewals = JobRunner(
            lambda one: self._take("renewal", one),
            workers=1,
            name="r",
            capacity=capacity,
            on_room=self._wake,
        )
        self.deployments = JobRunner(lambda one: self._take("deployment", one), workers=1, name="d")
        self.windows = JobRunner(lambda one: self._take("window", one), workers=1, name="w", capacity=1)
        self.scheduler = Scheduler(
            self.store,
            self.clock,
            renewals=self.renewals,
            deployments=self.deployments,
            windows=self.windows,
            after_a_fault=0.05,
        )

    def _wake(self) -> None:
        self.scheduler.wake()

    def _take(self, kind: str, one: str) -> None:
        self.taken.put(Taken(kind, one, self.clock()))
        self.let_go.wait(PATIENCE)

    def start(self) -> None:
        """Start all."""
        self.renewals.start()
        self.deployments.start()
        self.windows.start()
        self.scheduler.start()

    def stop(self) -> None:
        """Stop all."""
        self.scheduler.stop(PATIENCE)
        self.renewals.stop(PATIENCE)
        self.deployments.stop(PATIENCE)
        self.windows.stop(PATIENCE)
        self.store.close()

    def next(self) -> Taken:
        """Wait for what is taken up next."""
        return self.taken.get(timeout=PATIENCE)

    def due_at(self, moment: float) -> str:
        """Add a certificate that is due at a moment; return its id."""
        created = self.store.certificates.create(wanting(), NOW)
        self.store.orders.not_begun(created.id, FAILURE, Outcome(moment), NOW)
        return created.id

    def asleep(self) -> None:
        """Start, and return when it sleeps."""
        self.start()
        eventually(_scheduler_waits, every=0.01)


def _scheduler_waits() -> bool:
    """Return whether the thread of the scheduler is in a wait of the standard library."""
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "scheduler")
    code = sys._current_frames()[thread.ident or 0].f_code
    return (Path(code.co_filename).name, code.co_name) == ("threading.py", "wait")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The database."""
    return sqlite_engine(tmp_path)


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> Iterator[Office]:
    """A scheduler that is not started yet."""
    office = Office(engine, tmp_path)
    yield office
    office.stop()


def test_what_is_due_at_the_start_is_taken_up_at_once(office: Office) -> None:
    created = office.store.certificates.create(wanting(), NOW)
    office.start()
    assert office.next()[:2] == ("renewal", created.id)


def test_a_deployment_that_is_due_is_taken_up_too(office: Office) -> None:
    certificate = issue(office.store, office.store.certificates.create(wanting(places=1), NOW))
    office.start()
    assert office.next()[:2] == ("deployment", certificate.deployments[0].id)


def test_a_renewal_window_that_is_to_be_read_is_taken_up_too(office: Office) -> None:
    certificate = issue(office.store, office.store.certificates.create(wanting(), NOW), origin=ORIGIN)
    office.start()
    assert office.next()[:2] == ("window", certificate.id)


def test_windows_that_cannot_be_read_hold_up_nothing_that_is_due(office: Office) -> None:
    office.let_go.clear()
    for _ in range(2):
        issue(office.store, office.store.certificates.create(wanting(), NOW), origin=ORIGIN)
    soon = office.due_at(NOW + 0.5)
    office.start()
    taken = [office.next() for _ in range(2)]
    office.let_go.set()
    assert [taken[0].kind, taken[1].id] == ["window", soon]


def test_it_sleeps_until_the_next_moment_and_not_less(office: Office) -> None:
    moments = {office.due_at(NOW + wait): NOW + wait for wait in (0.9, 0.3, 0.6)}
    office.start()
    taken = [office.next() for _ in moments]
    assert [one.id for one in taken] == sorted(moments, key=lambda one: moments[one])
    assert [one.at >= moments[one.id] for one in taken] == [True] * 3


def test_it_takes_up_what_was_added_when_it_is_woken(office: Office) -> None:
    office.asleep()
    created = office.store.certificates.create(wanting(), NOW)
    office.scheduler.wake()
    assert office.next().id == created.id


def test_it_looks_earlier_when_it_is_told_to_expect_something(office: Office) -> None:
    office.asleep()
    soon = office.due_at(NOW + 0.1)
    office.scheduler.expect(NOW + 0.1)
    assert office.next().id == soon


def test_expecting_nothing_or_something_far_away_wakes_nobody(office: Office) -> None:
    office.asleep()
    created = office.store.certificates.create(wanting(), NOW)
    office.scheduler.expect(None)
    office.scheduler.expect(NOW + 86_400)
    with pytest.raises(queue.Empty):
        office.taken.get(timeout=0.3)
    assert office.store.certificates.get(created.id).status == "waiting"


def test_after_the_clock_was_set_forward_it_takes_up_what_has_become_due(office: Office) -> None:
    later = office.due_at(NOW + 86_400)
    office.asleep()
    office.clock.ahead = 90_000.0
    office.scheduler.wake()
    assert office.next().id == later


def test_it_claims_no_more_than_there_is_room_for_until_there_is_room(engine: Engine, tmp_path: Path) -> None:
    office = Office(engine, tmp_path, capacity=2)
    office.let_go.clear()
    for _ in range(5):
        office.store.certificates.create(wanting(), NOW)
    office.start()
    first = office.next()
    office.scheduler.wake()
    with pytest.raises(queue.Empty):
        office.taken.get(timeout=0.2)
    running = office.store.certificates.count_by_status()["running"]
    office.let_go.set()
    ids = {first.id, *(office.next().id for _ in range(4))}
    office.stop()
    assert (running, len(ids)) == (2, 5)


def test_a_store_that_fails_does_not_end_it(office: Office, engine: Engine) -> None:
    created = office.store.certificates.create(wanting(), NOW)
    failures = iter(range(3))

    def fail(*_: object) -> None:
        if next(failures, None) is not None:
            raise OSError("the disk is gone")

    event.listen(engine, "before_cursor_execute", fail)
    office.start()
    assert office.next().id == created.id


def test_when_it_is_stopped_it_claims_nothing_more(office: Office) -> None:
    office.asleep()
    office.scheduler.stop(PATIENCE)
    created = office.store.certificates.create(wanting(), NOW)
    office.scheduler.wake()
    assert office.store.certificates.get(created.id).status == "waiting"


def test_one_that_was_never_started_stops(office: Office) -> None:
    office.scheduler.stop(0.0)
    assert office.taken.empty()
