"""/api/operations: long work, watched from its beginning to its end by as many as like to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.gate import Gate
from tests.support.issuing import show
from tests.support.service import Service
from tests.support.sse import events_path, messages, watched
from tests.support.wishes import CERTIFICATES, files_at, wish


def start(service: Service, *names: str, **more: Any) -> str:
    """Want a certificate; return the operation that gets it."""
    created = service.call("POST", CERTIFICATES, wish(*names, **more))
    assert created.status == 201, created.body
    operation: str = created.body["operation"]
    return operation


@pytest.fixture
def under_way(service: Service, name: str, tmp_path: Path, gate: Gate) -> str:
    """An operation whose deployment waits at the gate; the certificate's id is its name."""
    return start(service, name, id=name, deployments=[files_at(tmp_path / "site", reload=gate.command)])


def test_events_come_in_the_order_of_the_work(service: Service, name: str, tmp_path: Path) -> None:
    events = watched(service, start(service, name, deployments=[files_at(tmp_path / "site")]))
    assert [event.kind for event in events] == [
        "order created",
        "saved",
        "deployed",
        "verified",
        "settled",
        "ended",
    ]


def test_the_last_event_says_how_it_went(service: Service, name: str) -> None:
    assert watched(service, start(service, name))[-1].data == {"outcome": "succeeded"}


def test_work_that_fails_ends_as_failed_and_says_why(service: Service, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    events = watched(service, start(service, name, deployments=[files_at(tmp_path / "file" / "below")]))
    failed = next(event for event in events if event.kind == "deployment failed")
    assert (events[-1].data["outcome"], failed.data["failure"]["failure_class"]) == ("failed", "local")


def test_an_event_has_time_kind_and_message(service: Service, name: str) -> None:
    first, *_ = watched(service, start(service, name))
    assert set(first.data) == {"at", "kind", "message", "failure"}


def test_events_are_sent_when_they_happen(service: Service, under_way: str, gate: Gate) -> None:
    with service.stream(events_path(under_way)) as stream:
        events = messages(stream)
        first = next(events)
        gate.wait_for_arrival()
        gate.let_go()
        assert (first.kind, [event.kind for event in events][-1]) == ("order created", "ended")


def test_a_quiet_stream_gives_signs_of_life(service: Service, under_way: str, gate: Gate) -> None:
    gate.wait_for_arrival()
    with service.stream(events_path(under_way)) as stream:
        assert b": still at it\n" in stream
        gate.let_go()


def test_who_comes_after_the_end_sees_it_all(service: Service, name: str) -> None:
    operation = start(service, name)
    assert watched(service, operation) == watched(service, operation)


def test_who_comes_in_the_middle_sees_the_beginning_too(service: Service, under_way: str, gate: Gate) -> None:
    gate.wait_for_arrival()
    with service.stream(events_path(under_way)) as stream:
        gate.let_go()
        assert [event.kind for event in messages(stream)] == [event.kind for event in watched(service, under_way)]


def test_a_watcher_who_hangs_up_harms_neither_the_work_nor_the_others(
    service: Service, under_way: str, name: str, gate: Gate
) -> None:
    gate.wait_for_arrival()
    with service.stream(events_path(under_way)) as staying:
        with service.stream(events_path(under_way)) as leaving:
            next(messages(leaving))
        gate.let_go()
        assert list(messages(staying))[-1].data == {"outcome": "succeeded"}
    assert show(service, name)["status"] == "healthy"


def test_a_stream_is_no_document_to_be_kept(service: Service, name: str) -> None:
    with service.stream(events_path(start(service, name))) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")


def test_an_operation_under_way_has_no_outcome_yet(service: Service, under_way: str, gate: Gate) -> None:
    gate.wait_for_arrival()
    before = service.call("GET", f"/api/operations/{under_way}").body["outcome"]
    gate.let_go()
    watched(service, under_way)
    assert (before, service.call("GET", f"/api/operations/{under_way}").body["outcome"]) == (None, "succeeded")


def test_an_operation_can_be_shown_instead_of_watched(service: Service, name: str) -> None:
    operation = start(service, name, id=name)
    events = watched(service, operation)
    shown = service.call("GET", f"/api/operations/{operation}").body
    assert (shown["certificate_id"], shown["outcome"]) == (name, "succeeded")
    assert shown["events"] == [event.data for event in events[:-1]]


def test_two_requests_are_two_operations_that_both_end(service: Service, name: str) -> None:
    watched(service, start(service, name, id=name))
    first, second = (service.call("POST", f"{CERTIFICATES}/{name}/request").body["operation"] for _ in range(2))
    assert first != second
    assert [watched(service, operation)[-1].kind for operation in (first, second)] == ["ended", "ended"]


def test_an_operation_ends_when_its_certificate_is_deleted(
    service: Service, under_way: str, name: str, gate: Gate
) -> None:
    gate.wait_for_arrival()
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    events = watched(service, under_way)
    gate.let_go()
    assert (events[-2].data["message"], events[-1].data["outcome"]) == ("deleted", "failed")


@pytest.mark.parametrize("rest", ["", "/events"])
def test_an_unknown_operation_is_not_found(service: Service, rest: str) -> None:
    answer = service.call("GET", f"/api/operations/nonsense{rest}")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_an_operation_that_was_refused_leaves_nothing_to_watch(service: Service, name: str) -> None:
    answer = service.call("POST", f"{CERTIFICATES}/{name}/request")
    assert (answer.status, "operation" in answer.body) == (404, False)
