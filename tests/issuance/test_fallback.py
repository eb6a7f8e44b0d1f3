"""When the authority cannot issue, another does; names that it refused are rehearsed before it is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.ports import free_port
from tests.support.scripted_server import problem_reply
from tests.support.service import Service
from tests.support.two_authorities import TwoAuthorities, two_authorities

DOWN = problem_reply("serverInternal", 503, "maintenance")
NOT_HERE = problem_reply("rejectedIdentifier", 403, "we do not issue for this name")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pebble: Pebble) -> Iterator[TwoAuthorities]:
    """Two authorities that look where the service answers."""
    with two_authorities(tmp_path_factory.mktemp("authorities"), pebble) as running:
        yield running


def fallback(both: TwoAuthorities) -> dict[str, Any]:
    """Say that the second authority may stand in for the first."""
    return {"fallback_authorities": [both.second.directory]}


def rehearsal(both: TwoAuthorities) -> dict[str, Any]:
    """Say that the second authority is for tests."""
    return {"rehearse_at": both.second.directory}


# -- fallback ----------------------------------------------------------------------------------------------------


def test_what_the_authority_refuses_on_principle_another_one_issues(service: Service, both: TwoAuthorities) -> None:
    both.first.refusals["unwanted.example.test"] = NOT_HERE
    certificate = issue(service, both.wish("unwanted.example.test", on_failure=fallback(both)))
    assert (certificate["status"], certificate["issued"]["authority"]) == ("healthy", both.second.directory)


def test_an_authority_that_is_down_is_left_after_the_second_try(service: Service, both: TwoAuthorities) -> None:
    both.first.refusals["down.example.test"] = DOWN
    first = issue(service, both.wish("down.example.test", on_failure=fallback(both)))
    both.first.refusals["down.example.test"] = DOWN
    request(service, "down")
    assert (first["issued"], show(service, "down")["issued"]["authority"]) == (None, both.second.directory)


def test_the_next_certificate_comes_from_the_first_authority_again(service: Service, both: TwoAuthorities) -> None:
    both.first.refusals["again.example.test"] = NOT_HERE
    issue(service, both.wish("again.example.test", on_failure=fallback(both)))
    request(service, "again")
    assert show(service, "again")["issued"]["authority"] == both.first.directory


def test_while_there_is_time_nobody_else_is_asked(service: Service, both: TwoAuthorities) -> None:
    before = issue(service, both.wish("patient.example.test", on_failure=fallback(both)))
    both.first.refusals["patient.example.test"] = DOWN
    request(service, "patient")
    after = show(service, "patient")
    assert (after["issued"], after["status"]) == (before["issued"], "warning")


def test_it_is_said_who_stands_in_for_whom(service: Service, both: TwoAuthorities) -> None:
    both.first.refusals["told.example.test"] = NOT_HERE
    issue(service, both.wish("told.example.test", on_failure=fallback(both)))
    entries = service.call("GET", "/api/managedcertificates/told/log").body["entries"]
    warnings = [entry["message"] for entry in entries if entry["kind"] == "warning"]
    assert warnings == [f"It is ordered at {both.second.directory} in place of {both.first.directory}."]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["nowhere"], "nowhere"),
        (["letsencrypt-staging"], "trusted by nobody"),
        (["local", "local"], "there already"),
    ],
)
def test_a_fallback_that_cannot_be_one_is_refused(
    service: Service, both: TwoAuthorities, names: list[str], problem: str
) -> None:
    wish = both.wish("refused.example.test", on_failure={"fallback_authorities": names})
    answer = service.call("POST", "/api/managedcertificates", wish)
    assert (answer.status, answer.body["field"].rpartition(".")[0]) == (422, "on_failure.fallback_authorities")
    assert problem in answer.body["detail"]


# -- rehearsal ---------------------------------------------------------------------------------------------------


def refused_once(service: Service, both: TwoAuthorities, pebble: Pebble, name: str, **on_failure: Any) -> None:
    """Let the first authority, and the second one if it is asked, find that a name leads nowhere."""
    for authority in (pebble, both.second):
        authority.set_servfail(name)
    certificate = issue(service, both.wish(name, on_failure=on_failure))
    assert certificate["failure"]["failure_class"] == "user"


def test_a_name_that_was_refused_is_tried_where_it_costs_nothing(
    service: Service, both: TwoAuthorities, pebble: Pebble
) -> None:
    refused_once(service, both, pebble, "broken.example.test", **rehearsal(both))
    request(service, "broken")
    assert both.first.ordered.count("broken.example.test") == 1
    assert show(service, "broken")["failure"]["identifiers"] == ["broken.example.test"]


def test_a_rehearsal_that_succeeds_is_followed_by_the_order_that_counts(
    service: Service, both: TwoAuthorities, pebble: Pebble
) -> None:
    refused_once(service, both, pebble, "mended.example.test", **rehearsal(both))
    for authority in (pebble, both.second):
        authority.clear_servfail("mended.example.test")
    kinds = [event["kind"] for event in request(service, "mended")]
    certificate = show(service, "mended")
    assert kinds.count("validated") == 2
    assert (certificate["status"], certificate["issued"]["authority"]) == ("healthy", both.first.directory)


def test_an_authority_for_tests_that_is_down_is_done_without(
    service: Service, both: TwoAuthorities, pebble: Pebble
) -> None:
    nowhere = f"https://127.0.0.1:{free_port()}/dir"
    refused_once(service, both, pebble, "alone.example.test", rehearse_at=nowhere)
    pebble.clear_servfail("alone.example.test")
    request(service, "alone")
    assert show(service, "alone")["status"] == "healthy"


def test_a_certificate_that_is_trusted_is_never_replaced_by_one_for_tests(
    service: Service, both: TwoAuthorities
) -> None:
    certificate = issue(service, both.wish("trusted.example.test"))
    change = {"version": certificate["version"], "settings": {"authority": "letsencrypt-staging"}}
    answer = service.call("PATCH", "/api/managedcertificates/trusted", change)
    assert (answer.status, answer.body["field"]) == (422, "authority")


def test_nothing_is_rehearsed_at_the_authority_itself(service: Service, both: TwoAuthorities) -> None:
    wish = both.wish("itself.example.test", on_failure={"rehearse_at": both.first.directory})
    answer = service.call("POST", "/api/managedcertificates", wish)
    assert (answer.status, answer.body["field"]) == (422, "on_failure.rehearse_at")
