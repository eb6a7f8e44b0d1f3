"""Events reach every listener while they happen; what a listener does wrong is its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from certify_core.engine.events import Event, EventKind, Events
from tests.support.stores import FAILURE, NOW


@pytest.fixture
def events() -> Events:
    """Events at a clock that stands still."""
    return Events(lambda: NOW)


def test_every_listener_hears_of_it(events: Events) -> None:
    heard: list[list[Event]] = [[], []]
    for one in heard:
        events.subscribe(one.append)
    events.publish("app", EventKind.FAILED, "It failed.", FAILURE)
    event = Event(certificate_id="app", at=NOW, kind=EventKind.FAILED, message="It failed.", failure=FAILURE)
    assert heard == [[event], [event]]


def test_a_listener_hears_it_before_the_one_who_tells_goes_on(events: Events) -> None:
    heard_in: list[int] = []
    events.subscribe(lambda _: heard_in.append(threading.get_ident()))
    events.publish("app", EventKind.SAVED, "saved")
    assert heard_in == [threading.get_ident()]


def test_a_listener_that_raises_harms_neither_the_others_nor_the_one_who_tells(events: Events) -> None:
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise ValueError("a bug of the listener")

    events.subscribe(fail)
    events.subscribe(heard.append)
    events.publish("app", EventKind.SAVED, "saved")
    assert [event.message for event in heard] == ["saved"]


def test_who_has_unsubscribed_hears_nothing_more_and_the_others_still_do(events: Events) -> None:
    gone: list[Event] = []
    there: list[Event] = []
    unsubscribe = events.subscribe(gone.append)
    events.subscribe(there.append)
    unsubscribe()
    events.publish("app", EventKind.SAVED, "saved")
    assert (gone, len(there)) == ([], 1)


def test_unsubscribing_twice_is_no_error(events: Events) -> None:
    heard: list[Event] = []
    unsubscribe = events.subscribe(heard.append)
    unsubscribe()
    unsubscribe()
    events.publish("app", EventKind.SAVED, "saved")
    assert heard == []


def test_a_listener_may_unsubscribe_while_it_listens(events: Events) -> None:
    heard: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        unsubscribe()

    unsubscribe = events.subscribe(once)
    for _ in range(2):
        events.publish("app", EventKind.SAVED, "saved")
    assert len(heard) == 1


def test_threads_that_come_and_go_at_once_lose_no_event_of_those_who_stay(events: Events) -> None:
    heard: list[Event] = []
    events.subscribe(heard.append)

    def come_tell_and_go(number: int) -> None:
        unsubscribe = events.subscribe(lambda _: None)
        events.publish("app", EventKind.SAVED, str(number))
        unsubscribe()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_tell_and_go, range(400)))
    assert sorted(int(event.message) for event in heard) == list(range(400))
