"""Who did what: every change through the API is entered before it is done, with its outcome, and without secrets."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.browser import Browser
from tests.support.degraded import is_ready, launched
from tests.support.service import Service
from tests.support.stores import behind_its_back, stored_bytes
from tests.support.tokens import make_token
from tests.support.waiting import eventually

AUDIT = "/api/audit"
CREDENTIALS = "/api/credentials"
CERTIFICATES = "/api/managedcertificates"


def newest(service: Service, path: str) -> dict[str, Any]:
    """Return the newest request to a path."""
    found = service.call("GET", f"{AUDIT}?limit=1000").body["requests"]
    request: dict[str, Any] = next(item for item in found if item["path"] == path)
    return request


def wanted(name: str, **others: Any) -> dict[str, Any]:
    """Want a certificate that is not requested yet."""
    return {"id": name, "identifiers": [name], "authority": "local", "renewal": {"automatic": False}, **others}


def execute(service: Service, statement: str) -> None:
    """Change the database behind the service's back."""
    with behind_its_back(service.data_dir) as database:
        database.execute(text(statement))


def test_a_change_is_entered_with_who_what_and_how_it_ended(service: Service, name: str) -> None:
    token = make_token(service, "administrator", title="anna")
    service.call("POST", CERTIFICATES, wanted(name), token=token)
    entered = newest(service, CERTIFICATES)
    assert {key: entered[key] for key in ("who", "role", "how", "address", "method")} == {
        "who": "anna",
        "role": "administrator",
        "how": "token",
        "address": "127.0.0.1",
        "method": "POST",
    }
    assert entered["fields"] == wanted(name)
    assert (entered["outcome"]["status"], entered["outcome"]["id"]) == (201, name)


def test_what_was_refused_is_entered_too(service: Service, name: str) -> None:
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    assert newest(service, f"{CERTIFICATES}/{name}")["outcome"]["status"] == 404


def test_reading_is_not_entered(service: Service) -> None:
    before = service.call("GET", f"{AUDIT}/verify").body["entries"]
    service.call("GET", CERTIFICATES)
    assert service.call("GET", f"{AUDIT}/verify").body["entries"] == before


def test_looking_after_ones_health_is_not_entered(service: Service) -> None:
    before = service.call("GET", f"{AUDIT}/verify").body["entries"]
    service.call("POST", "/api/health/check")
    assert service.call("GET", f"{AUDIT}/verify").body["entries"] == before


def test_strangers_fill_no_trail(service: Service) -> None:
    before = service.call("GET", f"{AUDIT}/verify").body["entries"]
    service.call("POST", CERTIFICATES, wanted("stranger.test"), token=None)
    service.call("POST", "/api/access/signin", {"code": "guessed"}, token=None)
    assert service.call("GET", f"{AUDIT}/verify").body["entries"] == before


def test_secrets_are_in_no_entry(service: Service, name: str) -> None:
    parameters = {"pfx_password": "correct-horse-battery"}
    service.call("POST", CREDENTIALS, {"id": name, "provider": "files", "parameters": parameters})
    assert newest(service, CREDENTIALS)["fields"]["parameters"] == {"pfx_password": "********"}
    assert b"correct-horse-battery" not in stored_bytes(service.data_dir)


def test_a_new_token_is_in_no_entry(service: Service) -> None:
    token = make_token(service, "reader")
    assert token not in str(service.call("GET", AUDIT).body)


def test_a_browser_that_signs_in_is_entered_as_who_made_the_link(service: Service, name: str) -> None:
    link = service.call("POST", "/api/access/links", token=make_token(service, "reader", title=name)).body["url"]
    Browser(service.url).call("POST", "/api/access/signin", {"code": link.partition("#")[2]})
    entered = newest(service, "/api/access/signin")
    assert (entered["who"], entered["fields"], entered["outcome"]["status"]) == (name, {"code": "********"}, 200)


def test_entries_are_exported_as_they_are_chained(service: Service, name: str) -> None:
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    entries = service.call("GET", f"{AUDIT}/export?limit=10000").body["entries"]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["previous"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]


def test_a_changed_row_is_named(idle: Service, name: str) -> None:
    idle.start().call("POST", CERTIFICATES, wanted(name))
    idle.call("DELETE", f"{CERTIFICATES}/{name}")
    assert idle.call("GET", f"{AUDIT}/verify").body["fault"] is None
    execute(idle, f"UPDATE audit SET document = replace(document, '{name}', 'harmless') WHERE number = 3")
    verdict = idle.call("GET", f"{AUDIT}/verify").body
    assert (verdict["fault"], verdict["number"]) == ("Entry 3 was changed.", 3)


def test_what_cannot_be_audited_is_not_done(idle: Service, name: str) -> None:
    idle.start()
    execute(idle, "ALTER TABLE audit RENAME TO hidden")
    answer = idle.call("POST", CERTIFICATES, wanted(name))
    assert (answer.status, "audited" in answer.body["detail"]) == (503, True)
    assert idle.call("GET", f"{CERTIFICATES}/{name}").status == 404


def test_a_restart_goes_on_with_the_chain(idle: Service, name: str) -> None:
    idle.start().call("POST", CERTIFICATES, wanted(name))
    head = idle.call("GET", f"{AUDIT}/verify").body["head"]
    idle.stop()
    idle.start().call("DELETE", f"{CERTIFICATES}/{name}")
    verdict = idle.call("GET", f"{AUDIT}/verify?head={head}").body
    assert (verdict["entries"], verdict["fault"]) == (4, None)


@pytest.mark.parametrize("head", ["", "1", "x:y", "1:abc"])
def test_a_head_that_makes_no_sense_is_refused(service: Service, head: str) -> None:
    assert service.call("GET", f"{AUDIT}/verify?head={head}").body["field"] == "head"


def test_a_body_of_any_size_is_passed_on_as_it_is(service: Service, name: str) -> None:
    names = [f"{number}.{name}" for number in range(60)]
    long = {**wanted(name), "identifiers": names, "name": "x" * 200}
    answer = service.call("POST", CERTIFICATES, long)
    assert (answer.status, answer.body["settings"]["identifiers"]) == (201, names)


def test_what_is_changed_while_there_is_no_store_is_entered_afterwards(idle: Service) -> None:
    launched(idle.configure(store="nothing"))
    assert idle.call("PATCH", "/api/system/config", {"store": None}).status == 200
    eventually(lambda: is_ready(idle), within=60)
    (entered,) = idle.call("GET", AUDIT).body["requests"]
    assert (entered["who"], entered["path"], entered["outcome"]["status"]) == ("api.token", "/api/system/config", 200)
    assert idle.call("GET", f"{AUDIT}/verify").body["fault"] is None


def test_it_is_entered_once(idle: Service) -> None:
    launched(idle.configure(store="nothing"))
    idle.call("PATCH", "/api/system/config", {"store": None})
    eventually(lambda: is_ready(idle), within=60)
    idle.stop()
    assert len(idle.start().call("GET", AUDIT).body["requests"]) == 1
