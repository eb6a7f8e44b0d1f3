"""Requesting now, and what a certificate tells of itself: its log, its plan, its document."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.issuing import issue, request, show
from tests.support.service import Service
from tests.support.sse import watched
from tests.support.wishes import CERTIFICATES, files_at, resting, wish

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_a_certificate_that_was_issued_is_issued_again_on_request(service: Service, name: str) -> None:
    first = issue(service, wish(name, id=name))
    request(service, name)
    assert show(service, name)["issued"]["serial"] != first["issued"]["serial"]


def test_a_request_works_without_automatic_renewal(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    request(service, name)
    assert show(service, name)["status"] == "healthy"


def test_a_request_says_where_it_can_be_watched(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    started = service.call("POST", f"{CERTIFICATES}/{name}/request")
    assert (started.status, started.body["certificate_id"]) == (202, name)
    assert service.call("GET", started.body["events"]).status == 200


def test_a_request_needs_no_body_and_ignores_its_kind(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    assert service.send("POST", f"{CERTIFICATES}/{name}/request", b"", "text/plain").status == 202


def test_what_has_failed_and_waits_is_requested_with_all_that_is_due(service: Service, name: str) -> None:
    failed = issue(service, wish(name, id=name, authority="http://127.0.0.1:9/directory"))
    started = service.call("POST", f"{CERTIFICATES}/request-due").body["started"]
    (mine,) = [item for item in started if item["certificate_id"] == name]
    ended = watched(service, mine["operation"])[-1]
    assert (failed["status"], ended.kind, ended.data["outcome"]) == ("error", "ended", "failed")
    assert show(service, name)["failure_count"] == 2


def test_what_is_not_due_is_not_requested_with_the_rest(service: Service, name: str) -> None:
    issue(service, wish(name, id=name))
    started = service.call("POST", f"{CERTIFICATES}/request-due").body["started"]
    assert name not in [item["certificate_id"] for item in started]


def test_a_failure_is_shown_with_class_cause_remedy_and_next_try(service: Service, name: str) -> None:
    failed = issue(service, wish(name, authority="http://127.0.0.1:9/directory"))
    assert failed["failure"]["failure_class"] in {"authority", "user"}
    assert failed["failure"]["cause"]
    assert failed["failure"]["remedy"]
    assert TIME.fullmatch(failed["retry_at"])


def test_times_are_iso_8601_in_utc(service: Service, name: str) -> None:
    certificate = issue(service, wish(name))
    times = [certificate["created_at"], certificate["updated_at"], certificate["next_due_at"]]
    times += [certificate["issued"]["not_before"], certificate["issued"]["not_after"]]
    assert [time for time in times if not TIME.fullmatch(time)] == []


def test_the_log_tells_the_way_in_its_order(service: Service, name: str, tmp_path: Path) -> None:
    issue(service, wish(name, id=name, deployments=[files_at(tmp_path / "site")]))
    entries = service.call("GET", f"{CERTIFICATES}/{name}/log").body["entries"]
    kinds = [entry["kind"] for entry in entries]
    assert (kinds[0], kinds[-4:]) == ("order created", ["saved", "deployed", "verified", "settled"])


def test_the_newest_entries_of_the_log_can_be_had_alone(service: Service, name: str) -> None:
    issue(service, wish(name, id=name))
    whole = service.call("GET", f"{CERTIFICATES}/{name}/log").body["entries"]
    assert service.call("GET", f"{CERTIFICATES}/{name}/log?limit=2").body["entries"] == whole[-2:]


def test_a_certificate_to_which_nothing_happened_has_an_empty_log(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    assert service.call("GET", f"{CERTIFICATES}/{name}/log").body == {"entries": []}


def test_a_plan_says_what_a_deployment_would_write(service: Service, name: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    certificate = issue(service, wish(name, deployments=[files_at(site)]))
    (planned,) = service.call("GET", f"{CERTIFICATES}/{certificate['id']}/plan").body["deployments"]
    assert planned["target"] == "files"
    assert str(site / "fullchain.pem") in [change["subject"] for change in planned["changes"]]


def test_a_plan_changes_nothing(service: Service, name: str, tmp_path: Path) -> None:
    certificate = issue(service, wish(name, deployments=[files_at(tmp_path / "site")]))
    (tmp_path / "site" / "fullchain.pem").unlink()
    service.call("GET", f"{CERTIFICATES}/{certificate['id']}/plan")
    assert not (tmp_path / "site" / "fullchain.pem").exists()


def test_there_is_no_plan_before_there_is_a_certificate(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    answer = service.call("GET", f"{CERTIFICATES}/{name}/plan")
    assert (answer.status, "no certificate yet" in answer.body["detail"]) == (404, True)


def test_a_place_that_fails_is_shown_and_does_not_keep_the_others(service: Service, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = [files_at(tmp_path / "file" / "below"), files_at(tmp_path / "site")]
    certificate = issue(service, wish(name, deployments=places))
    failed, deployed = certificate["deployments"]
    assert (certificate["status"], failed["status"], deployed["status"]) == ("warning", "failed", "deployed")
    assert str(tmp_path / "file") in failed["failure"]["cause"]
    assert TIME.fullmatch(failed["next_attempt_at"])


def test_an_unknown_path_is_a_problem(service: Service) -> None:
    answer = service.call("GET", "/api/nonsense")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert (answer.body["status"], "/api/nonsense" in answer.body["detail"]) == (404, True)


def test_a_method_that_a_path_does_not_have_is_a_problem_that_names_those_it_has(service: Service) -> None:
    answer = service.call("PUT", "/api/system/appversion")
    assert (answer.status, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert answer.headers["Allow"] == "GET"


def test_all_methods_of_a_path_are_named(service: Service, name: str) -> None:
    answer = service.call("POST", f"{CERTIFICATES}/{name}", {})
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, PATCH")
