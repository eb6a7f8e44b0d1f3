"""People are told by mail and webhook what fails and what works again, and no secret of an address gets out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.degraded import found
from tests.support.issuing import issue, request
from tests.support.mail_server import PASSWORD, MailServer
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.service import Service
from tests.support.stores import stored_bytes
from tests.support.waiting import eventually
from tests.support.wishes import files_at, wish

CHANNELS = "/api/notifications/channels"
SECRET = "2f6b9c4d"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    with MailServer() as server:
        yield server


def add(service: Service, channel_id: str, url: str, **others: Any) -> None:
    """Add a channel."""
    wanted = {"id": channel_id, "parameters": {"url": url}, "summary": False, **others}
    answer = service.call("POST", CHANNELS, wanted)
    assert answer.status == 201, answer.body


def subjects(mail: MailServer) -> list[str]:
    """Return the subjects of all mails without the machine's name."""
    return [item.subject.partition(": ")[2] for item in mail.mails]


def test_a_failed_deployment_and_its_recovery_are_told_by_mail(
    idle: Service, mail: MailServer, name: str, tmp_path: Path
) -> None:
    add(idle.start(), "ops", mail.url, least="warning")
    place = tmp_path / "site"
    place.write_text("no folder")
    certificate = issue(idle, wish(name, deployments=[files_at(place)]))
    eventually(lambda: any("does not reach files" in subject for subject in subjects(mail)), within=60)
    told = next(item for item in mail.mails if "does not reach files" in item.subject)
    assert (name in told.text, str(place) in told.text, "→" in told.text) == (True, True, True)
    place.unlink()
    request(idle, certificate["id"])
    eventually(lambda: any("recovered" in subject for subject in subjects(mail)), within=60)


def test_a_summary_comes_by_webhook_at_once(idle: Service) -> None:
    with ScriptedServer() as hook:
        hook.on(f"/{SECRET}", Reply(200))
        add(idle.start(), "hook", f"{hook.url.replace('http', 'json')}/{SECRET}", summary=True)
        eventually(lambda: len(hook.requests(f"/{SECRET}")) > 0, within=90)
        document = json.loads(hook.requests(f"/{SECRET}")[0].body)
    assert "0 managed certificates." in document["message"]


def test_a_message_outlives_a_killed_service(idle: Service, mail: MailServer) -> None:
    mail.refusing = True
    add(idle.start(), "ops", mail.url, summary=True)
    eventually(lambda: idle.call("GET", f"{CHANNELS}/ops").body["failure"] is not None, within=90)
    idle.kill()
    mail.refusing = False
    idle.start()
    eventually(lambda: len(mail.mails) > 0, within=90)


def test_a_channel_that_works_is_tried(service: Service, mail: MailServer) -> None:
    add(service, "tried", mail.url)
    assert service.call("POST", f"{CHANNELS}/tried/test").status == 200
    assert subjects(mail) == ["this channel works"]


def test_a_channel_that_does_not_work_says_why_and_no_secret(service: Service, name: str) -> None:
    add(service, "broken", f"json://127.0.0.1:{free_port()}/{SECRET}")
    answer = service.call("POST", f"{CHANNELS}/broken/test")
    assert (answer.status, answer.body["failure_class"], SECRET in str(answer.body)) == (503, "local", False)
    assert issue(service, wish(name))["status"] == "healthy"


def test_a_channel_that_loses_messages_is_a_finding(idle: Service) -> None:
    add(idle.start(), "broken", f"json://127.0.0.1:{free_port()}/{SECRET}", summary=True)
    eventually(lambda: idle.call("GET", f"{CHANNELS}/broken").body["failure"] is not None, within=90)
    assert found(idle)["notification-failing"]["subject"] == "broken"


def test_what_is_secret_of_a_channel_is_nowhere_to_be_read(service: Service, mail: MailServer) -> None:
    add(service, "secret", mail.url)
    mail.refusing = True
    service.call("POST", f"{CHANNELS}/secret/test")
    answers = [service.call("GET", path).body for path in (CHANNELS, f"{CHANNELS}/secret", "/api/audit?limit=200")]
    logs = b"".join(path.read_bytes() for path in (service.data_dir / "logs").rglob("*.log"))
    assert answers[1]["parameters"] == {"url": "********"}
    assert PASSWORD not in str(answers)
    assert PASSWORD.encode() not in logs + stored_bytes(service.data_dir)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"notifier": "pigeon"}, "notifier"),
        ({"parameters": {"url": "nonsense"}}, "parameters.url"),
        ({"least": "ok"}, "least"),
        ({"id": "a b"}, "id"),
        ({"credential": "nobodys", "parameters": {}}, "credential"),
    ],
)
def test_a_channel_that_is_wrong_is_refused_by_its_field(service: Service, wrong: dict[str, Any], field: str) -> None:
    answer = service.call("POST", CHANNELS, {"id": "wrong", "parameters": {"url": "json://h.test/x"}, **wrong})
    assert (answer.status, answer.body["field"]) == (422, field)


def test_a_channel_is_changed_shown_and_removed_by_the_command_line(
    service: Service, mail: MailServer, tmp_path: Path
) -> None:
    (tmp_path / "address").write_text(mail.url)
    added = service.certify("notify", "add", "ops", f"apprise:url=@{tmp_path / 'address'}", "--no-summary")
    tried = service.certify("notify", "test", "ops")
    edited = service.certify("notify", "edit", "ops", "--title", "The administrators", "--disable")
    listed = service.certify("notify", "list")
    deleted = service.certify("notify", "delete", "ops")
    assert [ended.code for ended in (added, tried, edited, listed, deleted)] == [0] * 5, (added, edited, listed)
    assert ("The administrators" in listed.out, "disabled" in listed.out, PASSWORD in listed.out) == (True, True, False)
    assert subjects(mail) == ["this channel works"]


def test_the_command_that_tries_a_channel_ends_with_1_if_it_does_not_work(service: Service) -> None:
    service.certify("notify", "add", "dead", f"apprise:url=json://127.0.0.1:{free_port()}/x", "--no-summary")
    ended = service.certify("notify", "test", "dead")
    assert (ended.code, "did not take the message" in ended.err) == (1, True)
