"""POST /api/managedcertificates: what is wanted is checked completely before any of it is stored."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuing import issue, show
from tests.support.service import Service
from tests.support.wishes import CERTIFICATES, files_at, resting, wish

NOBODY = "https://127.0.0.1:9/directory"
"""An ACME directory: what is wanted of one is checked without asking it."""
SITE = Path("/srv").absolute()

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("nonsense", {"nonsense": 1}),
    ("identifiers", {"identifiers": []}),
    ("identifiers", {"identifiers": ["two words.test"]}),
    ("identifiers", {"identifiers": ["a.*.test"]}),
    ("identifiers", {"identifiers": ["-.test"]}),
    ("identifiers", {"identifiers": ["10.0.0.256"]}),
    ("identifiers", {"identifiers": [f"{'a' * 64}.test"]}),
    ("identifiers", {"identifiers": [f"n{number}.test" for number in range(101)]}),
    ("identifiers", {"identifiers": ["*.wild.test"], "authority": NOBODY}),
    ("authority", {"authority": "unheard-of"}),
    ("ca_bundle", {"authority": NOBODY, "ca_bundle": "/nowhere/roots.pem"}),
    ("key_type", {"key_type": "rsa-512"}),
    ("challenge.provider", {"challenge": {"provider": "carrier-pigeon"}}),
    ("challenge.parameters.port", {"challenge": {"provider": "http", "parameters": {"port": "eighty"}}}),
    ("challenge.parameters.colour", {"challenge": {"provider": "http", "parameters": {"colour": 1}}}),
    ("deployments.0.target", {"deployments": [{"target": "moon"}]}),
    ("deployments.1.target", {"deployments": [files_at(SITE), {"target": "moon"}]}),
    ("deployments.0.parameters.dir", {"deployments": [{"target": "files"}]}),
    ("deployments.0.parameters.dir", {"deployments": [files_at(Path("relative"))]}),
    ("deployments.0.parameters.reload_timeout", {"deployments": [files_at(SITE, reload_timeout="soon")]}),
    ("deployments.0.nonsense", {"deployments": [{**files_at(SITE), "nonsense": 1}]}),
    ("renewal.at_percent", {"renewal": {"at_percent": 100}}),
    ("renewal.automatic", {"renewal": {"automatic": "perhaps"}}),
    ("id", {"id": "../elsewhere"}),
    ("id", {"id": "x" * 65}),
    ("id", {"id": "summary"}),
]


def test_a_certificate_gets_an_id_of_its_own(service: Service, name: str) -> None:
    created = service.call("POST", CERTIFICATES, resting(name))
    assert created.status == 201
    assert show(service, created.body["id"])["settings"]["identifiers"] == [name]


def test_a_certificate_gets_the_id_that_was_asked_for(service: Service, name: str) -> None:
    assert service.call("POST", CERTIFICATES, resting(name, id=name)).body["id"] == name


def test_the_answer_says_where_the_certificate_is(service: Service, name: str) -> None:
    created = service.call("POST", CERTIFICATES, resting(name, id=name))
    assert created.headers["Location"] == f"{CERTIFICATES}/{name}"
    assert service.call("GET", created.headers["Location"]).body["id"] == name


def test_names_are_kept_in_their_canonical_form_and_once_each(service: Service, name: str) -> None:
    created = service.call("POST", CERTIFICATES, resting(f" {name.upper()} ", name, f"bücher.{name}", "::0001"))
    assert created.body["settings"]["identifiers"] == [name, f"xn--bcher-kva.{name}", "::1"]


def test_a_certificate_is_called_by_its_first_name_unless_it_has_one(service: Service, name: str) -> None:
    unnamed = service.call("POST", CERTIFICATES, resting(name)).body
    named = service.call("POST", CERTIFICATES, resting(name, name="Shop")).body
    assert (unnamed["name"], named["name"]) == (name, "Shop")


def test_a_certificate_is_issued_and_deployed_without_further_asking(
    service: Service, name: str, tmp_path: Path
) -> None:
    certificate = issue(service, wish(name, deployments=[files_at(tmp_path / "site")]))
    assert certificate["status"] == "healthy"
    assert "BEGIN CERTIFICATE" in (tmp_path / "site" / "fullchain.pem").read_text()


def test_without_automatic_renewal_nothing_is_started(service: Service, name: str) -> None:
    created = service.call("POST", CERTIFICATES, resting(name)).body
    assert (created["status"], created["next_due_at"], "operation" in created) == ("waiting", None, False)


def test_an_id_that_is_taken_is_a_conflict(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name, id=name))
    second = service.call("POST", CERTIFICATES, resting(f"other.{name}", id=name))
    assert (second.status, name in second.body["detail"]) == (409, True)


def test_an_id_that_is_taken_leaves_the_first_as_it_was(service: Service, name: str) -> None:
    first = service.call("POST", CERTIFICATES, resting(name, id=name)).body
    service.call("POST", CERTIFICATES, resting(f"other.{name}", id=name))
    assert show(service, name) == first


def test_of_many_who_want_one_id_at_once_one_gets_it(service: Service, name: str) -> None:
    together = threading.Barrier(8)

    def create(number: int) -> int:
        together.wait(30)
        return service.call("POST", CERTIFICATES, resting(f"n{number}.{name}", id=name)).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("field", "wrong"), REFUSED, ids=[f"{field}-{number}" for number, (field, _) in enumerate(REFUSED)]
)
def test_what_is_wrong_is_refused_with_field_cause_and_remedy_and_nothing_is_stored(
    service: Service, field: str, wrong: dict[str, Any]
) -> None:
    title = uuid.uuid4().hex
    answer = service.call("POST", CERTIFICATES, {**wish(f"{title}.test", name=title), **wrong})
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (answer.body["field"], answer.body["failure_class"]) == (field, "user")
    assert answer.body["detail"].endswith(".")
    assert answer.body["remedy"].endswith((".", "?"))
    assert service.call("GET", f"{CERTIFICATES}?name={title}").body["items"] == []


def test_a_refusal_names_what_there_is_to_choose_from(service: Service, name: str) -> None:
    answer = service.call("POST", CERTIFICATES, wish(name, deployments=[{"target": "moon"}]))
    assert "files" in answer.body["remedy"]


def test_a_wildcard_of_the_local_authority_needs_no_challenge(service: Service, name: str) -> None:
    assert issue(service, wish(f"*.{name}"))["status"] == "healthy"


UNREADABLE = {
    "cut off": b'{"identifiers": ["a.test"',
    "empty": b"",
    "not UTF-8": b'{"identifiers": ["\xff.test"]}',
    "a list": b"[]",
    "a number that is none": b'{"identifiers": ["a.test"], "renewal": {"at_percent": NaN}}',
    "half a surrogate pair": b'{"identifiers": ["a.test"], "deployments": [{"target": "files", "parameters": '
    b'{"dir": "/\\ud800"}}]}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_is_no_json_object_is_refused(service: Service, body: bytes) -> None:
    answer = service.send("POST", CERTIFICATES, body)
    assert (answer.status, answer.body["field"]) == (422, "body")


def test_a_body_without_its_content_type_is_told_which_one(service: Service) -> None:
    answer = service.send("POST", CERTIFICATES, b'{"identifiers": ["a.test"]}', "text/plain")
    assert (answer.status, "Content-Type: application/json" in answer.body["remedy"]) == (422, True)


@pytest.fixture
def broken_database(idle: Service) -> Service:
    """A service whose table of certificates lacks a column."""
    idle.start()
    with contextlib.closing(sqlite3.connect(idle.data_dir / "manageditems.db")) as database:
        database.execute("ALTER TABLE managedcertificate RENAME COLUMN failure_count TO other")
    return idle


def test_what_the_database_refuses_is_a_problem_too(broken_database: Service, name: str) -> None:
    answer = broken_database.call("POST", CERTIFICATES, resting(name))
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
