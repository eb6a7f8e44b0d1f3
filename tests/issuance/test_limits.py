"""Rate limits: orders keep within those that are known, and within those that a 429 announces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, outcome_of, request, show
from tests.support.limited_authority import RefusingAuthority, limited_plugin
from tests.support.pebble import Pebble
from tests.support.scripted_server import problem_reply
from tests.support.service import Service
from tests.support.waiting import eventually

HOUR = 3600.0
Start = Callable[..., Service]


@pytest.fixture
def started(tmp_path: Path, pebble: Pebble) -> Iterator[Start]:
    """Start a service that knows an authority with these limits, and answers where it looks."""
    running: list[Service] = []

    def start(**limits: tuple[int, float]) -> Service:
        environment = limited_plugin(tmp_path / "plugin", pebble, limits)
        service = Service(tmp_path / "data", environment=environment)
        running.append(service)
        return service.configure(httpChallengeServerPort=pebble.http_port).start()

    yield start
    for service in running:
        service.close()


@pytest.fixture
def refusing(tmp_path: Path, pebble: Pebble) -> Iterator[RefusingAuthority]:
    """An authority that says 429 where a test wants it."""
    with RefusingAuthority(tmp_path / "refusing", pebble) as running:
        yield running


def limited(name: str) -> dict[str, Any]:
    """Say that a name is wanted of the authority with known limits."""
    return {"id": name.partition(".")[0], "identifiers": [name], "authority": "limited"}


def refused(authority: RefusingAuthority, name: str) -> dict[str, Any]:
    """Say that a name is wanted of the authority that says 429."""
    return {
        "id": name.partition(".")[0],
        "identifiers": [name],
        "authority": authority.directory,
        "ca_bundle": str(authority.ca_bundle),
    }


def told_to_wait(service: Service, certificate_id: str) -> int:
    """Return how often a certificate was told to wait."""
    entries = service.call("GET", f"/api/managedcertificates/{certificate_id}/log?limit=1000").body["entries"]
    return [entry["kind"] for entry in entries].count("failed")


def healthy(service: Service, certificate_id: str) -> bool:
    """Whether a certificate is there."""
    return bool(show(service, certificate_id)["status"] == "healthy")


def subjects(service: Service, kind: str) -> dict[str, tuple[int, int]]:
    """Return what is spent and left of one limit, by subject."""
    (authority,) = service.call("GET", "/api/limits?authority=limited").body["authorities"]
    (limit,) = [limit for limit in authority["limits"] if limit["kind"] == kind]
    return {item["subject"]: (item["spent"], item["left"]) for item in limit["subjects"]}


# -- known limits ------------------------------------------------------------------------------------------------


def test_the_fourth_of_three_orders_waits_exactly_and_is_placed(started: Start) -> None:
    service = started(orders=(3, 15.0))
    began = time.time()
    for number in range(3):
        assert issue(service, limited(f"o{number}.example.test"))["status"] == "healthy"
    fourth = issue(service, limited("o3.example.test"))
    assert (fourth["status"], fourth["failure"]["failure_class"]) == ("waiting", "limit")
    assert "3 in 15 seconds: new orders of this account; 3 are spent" in fourth["failure"]["cause"]
    eventually(lambda: healthy(service, "o3"), every=0.02)
    # one comes back in five seconds, a second is left for the clocks, half a second at most is jitter
    assert 5 <= time.time() - began <= 9
    assert told_to_wait(service, "o3") == 1


def test_of_many_that_wait_each_has_its_own_moment(started: Start) -> None:
    service = started(orders=(2, 3.0))
    ids = [f"m{number}" for number in range(6)]
    created = [service.call("POST", "/api/managedcertificates", limited(f"{one}.example.test")) for one in ids]
    for answer in created:
        outcome_of(service, answer.body["operation"])
    eventually(lambda: all(healthy(service, one) for one in ids))
    assert sorted(told_to_wait(service, one) for one in ids) == [0, 0, 1, 1, 1, 1]


def test_waiting_for_a_limit_is_no_failure_in_a_row(started: Start) -> None:
    service = started(orders=(1, HOUR))
    issue(service, limited("first.example.test"))
    second = issue(service, limited("second.example.test"))
    assert (second["failure"]["failure_class"], second["failure_count"]) == ("limit", 0)


def test_certificates_of_one_registered_domain_are_counted_together(started: Start) -> None:
    service = started(certificates=(2, HOUR))
    issue(service, limited("a.one.test"))
    issue(service, limited("b.one.test"))
    third = issue(service, limited("c.one.test"))
    other = issue(service, limited("d.other.test"))
    assert (third["status"], "names of one.test" in third["failure"]["cause"]) == ("waiting", True)
    assert (other["status"], subjects(service, "certificates")) == (
        "healthy",
        {"one.test": (2, 0), "other.test": (1, 1)},
    )


def test_the_last_duplicate_is_refused_until_somebody_says_so(started: Start) -> None:
    service = started(duplicates=(3, HOUR))
    issue(service, limited("dup.example.test"))
    request(service, "dup")
    request(service, "dup")
    kept = show(service, "dup")
    assert (kept["failure"]["failure_class"], subjects(service, "duplicates")) == (
        "policy",
        {"dup.example.test": (2, 1)},
    )
    assert "--use-last-duplicate" in kept["failure"]["remedy"]
    ended = service.certify("renew", "dup", "--use-last-duplicate", "--wait")
    assert (ended.code, show(service, "dup")["issued"]["serial"] != kept["issued"]["serial"]) == (0, True)
    assert subjects(service, "duplicates") == {"dup.example.test": (3, 0)}


def test_leave_to_use_the_last_duplicate_survives_a_crash(started: Start) -> None:
    service = started(duplicates=(2, 12.0))
    issue(service, limited("leave.example.test"))
    path, told = "/api/managedcertificates/leave/request", {"use_last_duplicate": True}
    outcome_of(service, service.call("POST", path, told).body["operation"])
    before = show(service, "leave")["issued"]["serial"]
    outcome_of(service, service.call("POST", path, told).body["operation"])
    waiting = show(service, "leave")["failure"]["failure_class"]
    service.kill()
    service.start()
    eventually(lambda: bool(show(service, "leave")["issued"]["serial"] != before))
    assert waiting == "limit"


def test_the_ledger_survives_a_crash(started: Start) -> None:
    service = started(orders=(1, HOUR))
    issue(service, limited("before.example.test"))
    service.kill()
    service.start()
    after = issue(service, limited("after.example.test"))
    assert (after["status"], after["failure"]["failure_class"]) == ("waiting", "limit")


def test_failed_validations_are_counted_by_name(started: Start, pebble: Pebble) -> None:
    pebble.set_servfail("failing.example.test")
    service = started(failures=(2, HOUR))
    classes = [issue(service, limited("failing.example.test"))["failure"]["failure_class"]]
    for _ in range(2):
        request(service, "failing")
        classes.append(show(service, "failing")["failure"]["failure_class"])
    assert (classes, subjects(service, "failures")) == (["user", "user", "limit"], {"failing.example.test": (2, 0)})
    assert issue(service, limited("fine.example.test"))["status"] == "healthy"


def test_the_command_shows_the_budget(started: Start) -> None:
    service = started(orders=(3, HOUR), duplicates=(5, 24 * HOUR))
    issue(service, limited("shown.example.test"))
    lines = [line.split("  ") for line in service.certify("limits", "--ca", "limited").out.splitlines()]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert rows[1:] == [
        ["limited", "orders, 3 in 1 h", "the account", "1", "2", "now"],
        ["limited", "duplicates, 5 in 1 d", "shown.example.test", "1", "4", "now"],
    ]


def test_limits_of_an_authority_that_does_not_exist_are_not_found(started: Start) -> None:
    assert started(orders=(3, HOUR)).certify("limits", "--ca", "nobody").code == 4


# -- announced limits --------------------------------------------------------------------------------------------


def test_a_limit_of_the_account_that_a_429_announces_holds_back_all_its_orders(
    started: Start, refusing: RefusingAuthority
) -> None:
    detail = "too many new orders (300) from this account in the last 3h0m0s, retry after later"
    refusing.refusals["told.example.test"] = problem_reply("rateLimited", 429, detail, Retry_After="6")
    service = started()
    began = time.time()
    told = issue(service, refused(refusing, "told.example.test"))
    other = issue(service, refused(refusing, "other.example.test"))
    assert (told["failure"]["failure_class"], other["failure"]["failure_class"]) == ("limit", "limit")
    assert detail in other["failure"]["cause"]
    assert refusing.ordered == ["told.example.test"]
    eventually(lambda: healthy(service, "told") and healthy(service, "other"))
    assert 6 <= time.time() - began <= 12


def test_an_announced_limit_survives_a_crash(started: Start, refusing: RefusingAuthority) -> None:
    refusing.refusals["told.example.test"] = problem_reply("rateLimited", 429, "slow down", Retry_After="3600")
    service = started()
    issue(service, refused(refusing, "told.example.test"))
    service.kill()
    service.start()
    issue(service, refused(refusing, "other.example.test"))
    (budget,) = service.call("GET", f"/api/limits?authority={refusing.directory}").body["authorities"]
    assert ([item["kind"] for item in budget["announced"]], refusing.ordered) == (["account"], ["told.example.test"])


def test_a_limit_of_one_name_holds_back_nobody_else(started: Start, refusing: RefusingAuthority) -> None:
    detail = 'too many failed authorizations (5) for "told.example.test" in the last 1h0m0s, retry after later'
    refusing.refusals["told.example.test"] = problem_reply("rateLimited", 429, detail, Retry_After="3600")
    service = started()
    issue(service, refused(refusing, "told.example.test"))
    assert issue(service, refused(refusing, "other.example.test"))["status"] == "healthy"


def test_names_that_are_paused_say_where_they_are_taken_up_again(started: Start, refusing: RefusingAuthority) -> None:
    url = "https://portal.example/sfe/v1/unpause?jwt=abc.def"
    detail = (
        "Your account is temporarily prevented from requesting certificates for paused.example.test. "
        f"Please visit: {url}"
    )
    refusing.refusals["paused.example.test"] = problem_reply("rateLimited", 429, detail, Retry_After="3600")
    service = started()
    paused = issue(service, refused(refusing, "paused.example.test"))
    same = issue(service, {**refused(refusing, "paused.example.test"), "id": "same"})
    assert (url in paused["failure"]["remedy"], url in same["failure"]["remedy"]) == (True, True)
    assert refusing.ordered == ["paused.example.test"]
    request(service, "paused")
    assert show(service, "paused")["status"] == "healthy"
