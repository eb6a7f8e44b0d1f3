"""`certify test`: what a renewal needs is tried at a real authority and at none that counts, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, show
from tests.support.pebble import Pebble
from tests.support.ports import free_port
from tests.support.service import Service
from tests.support.two_authorities import TwoAuthorities, two_authorities

NOWHERE = str(Path("/nowhere").absolute())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pebble: Pebble) -> Iterator[TwoAuthorities]:
    """Two authorities that look where the service answers; the second one is for tests."""
    with two_authorities(tmp_path_factory.mktemp("authorities"), pebble) as running:
        yield running


def wish(both: TwoAuthorities, *names: str, **more: Any) -> dict[str, Any]:
    """Say what is wanted of the first, with the second one for tests."""
    return both.wish(*names, **{"on_failure": {"rehearse_at": both.second.directory}, **more})


def rehearsed(service: Service, certificate_id: str, *, order: bool = False) -> dict[str, dict[str, Any]]:
    """Rehearse a renewal; return the steps by their names."""
    answer = service.call("POST", f"/api/managedcertificates/{certificate_id}/test", {"order": order})
    assert answer.status == 200, answer.body
    return {step["name"]: step for step in answer.body["steps"]}


def outcomes(steps: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return how each step went."""
    return {name: step["outcome"] for name, step in steps.items()}


def test_what_a_renewal_needs_is_tried_and_nothing_is_changed(
    service: Service, both: TwoAuthorities, site: Path
) -> None:
    name = "whole.example.test"
    issue(service, wish(both, name, deployments=[{"target": "files", "parameters": {"dir": str(site)}}]))
    before, ordered = show(service, "whole"), list(both.first.ordered)
    steps = rehearsed(service, "whole")
    assert outcomes(steps) == dict.fromkeys(
        ["settings", "disk", f"challenge for {name}", "authority", "deployment to files"], "passed"
    )
    assert (show(service, "whole"), both.first.ordered) == (before, ordered)


def test_an_order_is_tried_at_the_authority_for_tests_alone(service: Service, both: TwoAuthorities) -> None:
    issue(service, wish(both, "trial.example.test"))
    before, ordered = show(service, "trial"), list(both.first.ordered)
    assert outcomes(rehearsed(service, "trial", order=True))["order"] == "passed"
    assert (show(service, "trial"), both.first.ordered) == (before, ordered)


def test_a_name_that_the_authority_for_tests_cannot_reach_is_named(service: Service, both: TwoAuthorities) -> None:
    issue(service, wish(both, "lost.example.test"))
    both.second.set_servfail("lost.example.test")
    failed = rehearsed(service, "lost", order=True)["order"]
    assert (failed["outcome"], failed["failure"]["identifiers"]) == ("failed", ["lost.example.test"])
    assert show(service, "lost")["status"] == "healthy"


def test_every_name_is_tried_and_not_the_first_alone(service: Service, both: TwoAuthorities) -> None:
    """The original stopped at the first name that failed."""
    names = ["one.example.test", "two.example.test"]
    settings = wish(both, *names, challenge={"provider": "webroot", "parameters": {"path": NOWHERE}})
    del settings["id"]
    answer = service.call("POST", "/api/managedcertificates/test", {"settings": settings})
    steps = {step["name"]: step for step in answer.body["steps"]}
    assert [steps[f"challenge for {name}"]["outcome"] for name in names] == ["failed", "failed"]
    assert answer.body["outcome"] == "failed"


def test_nothing_is_ordered_where_something_has_failed_already(service: Service, both: TwoAuthorities) -> None:
    settings = wish(both, "bad.example.test", challenge={"provider": "webroot", "parameters": {"path": NOWHERE}})
    del settings["id"]
    answer = service.call("POST", "/api/managedcertificates/test", {"settings": settings, "order": True})
    assert answer.body["steps"][-1]["outcome"] == "skipped"


def test_an_authority_that_does_not_answer_is_said_to(service: Service, both: TwoAuthorities) -> None:
    settings = wish(both, "off.example.test", authority=f"https://127.0.0.1:{free_port()}/directory")
    del settings["id"]
    steps = service.call("POST", "/api/managedcertificates/test", {"settings": settings}).body["steps"]
    (authority,) = [step for step in steps if step["name"] == "authority"]
    assert (authority["outcome"], authority["failure"]["failure_class"]) == ("failed", "authority")


def test_a_profile_that_the_authority_has_not_is_found(service: Service, both: TwoAuthorities) -> None:
    settings = wish(both, "profile.example.test", order={"profile": "unheard-of"})
    del settings["id"]
    steps = service.call("POST", "/api/managedcertificates/test", {"settings": settings}).body["steps"]
    (authority,) = [step for step in steps if step["name"] == "authority"]
    assert (authority["outcome"], "unheard-of" in authority["told"]) == ("failed", True)


def test_without_an_authority_for_tests_an_order_is_refused_with_the_remedy(
    service: Service, both: TwoAuthorities
) -> None:
    issue(service, both.wish("unknown.example.test"))
    failed = rehearsed(service, "unknown", order=True)["order"]
    assert (failed["outcome"], "--rehearse-at" in failed["failure"]["remedy"]) == ("failed", True)


def test_a_test_during_a_renewal_takes_nothing_from_it(service: Service, both: TwoAuthorities) -> None:
    """W25 of the original: pressing Test during a renewal ended the renewal's listener."""
    issue(service, wish(both, "busy.example.test"))
    for _ in range(3):
        started = service.call("POST", "/api/managedcertificates/busy/request").body["operation"]
        rehearsed(service, "busy")
        text = service.call("GET", f"/api/operations/{started}/events").body
        assert '"outcome":"succeeded"' in text


def test_nothing_is_kept_of_what_is_tried_before_it_is_wanted(service: Service, both: TwoAuthorities) -> None:
    ordered = list(both.first.ordered)
    ended = service.certify(
        *("request", "dry.example.test", "--ca-directory", both.first.directory, "--ca-bundle", str(both.roots)),
        *("--rehearse-at", both.second.directory, "--dry-run", "--order"),
    )
    assert (ended.code, "issued a certificate" in ended.out, both.first.ordered) == (0, True, ordered)
    assert service.certify("show", "dry.example.test").code == 4
