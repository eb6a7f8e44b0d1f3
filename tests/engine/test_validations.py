"""Validations and changes of their account's key keep out of each other's way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from certify_core.engine.validations import Validations

HERE, THERE = "https://here.test/directory", "https://there.test/directory"


def pausing(validations: Validations, then: Callable[[], object]) -> None:
    """Do something while nothing is validated here."""
    with validations.paused(HERE):
        then()


def test_a_pause_begins_when_the_last_validation_has_ended() -> None:
    validations, seen = Validations(), threading.Event()
    validations.begin(HERE, "one")
    with ThreadPoolExecutor(1) as thread:
        paused = thread.submit(pausing, validations, seen.set)
        before = seen.wait(0.1)
        validations.end("one")
        paused.result(10)
    assert (before, seen.is_set()) == (False, True)


def test_none_begins_during_a_pause_but_elsewhere() -> None:
    validations = Validations()
    with validations.paused(HERE):
        began = [validations.begin(HERE, "one"), validations.begin(THERE, "two")]
    assert (began, validations.begin(HERE, "one")) == ([False, True], True)


def test_patience_ends() -> None:
    validations, seen = Validations(patience=0.05), threading.Event()
    validations.begin(HERE, "one")
    pausing(validations, seen.set)
    assert seen.is_set()


def test_pauses_follow_each_other() -> None:
    validations, at_once, most = Validations(), 0, 0
    lock = threading.Lock()

    def count() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.01)
        with lock:
            at_once -= 1

    with ThreadPoolExecutor(6) as threads:
        for pause in [threads.submit(pausing, validations, count) for _ in range(6)]:
            pause.result(10)
    assert most == 1
