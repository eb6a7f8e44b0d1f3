"""Who may use the API: whoever has a token, from this machine, and no web page of somebody else."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from certify_core import __version__
from certify_core.service.roles import OPEN as OPEN_ROUTES
from tests.support.issuing import issue
from tests.support.pebble import Pebble
from tests.support.service import Service
from tests.support.wishes import CERTIFICATES, wish

OPEN = "/api/system/appversion"
REFUSED = {401, 429}
"""A wrong token is; the second one after many of them."""


def operations_of(service: Service) -> Iterator[tuple[str, str]]:
    """Yield method and path of the API's own description and of everything in it."""
    yield "GET", "/api/openapi.json"
    for path, methods in service.call("GET", "/api/openapi.json").body["paths"].items():
        for method in methods:
            yield method.upper(), path


def filled(path: str, known: dict[str, str]) -> str:
    """Return a path with what is known in the place of its parameters."""
    for parameter, value in known.items():
        path = path.replace(parameter, value)
    return path


def closed(service: Service) -> list[tuple[str, str]]:
    """Return method and path of all but what is open, with something in the place of parameters."""
    nothing = {"{": "", "}": ""}
    return [
        (method, filled(path, nothing)) for method, path in operations_of(service) if (method, path) not in OPEN_ROUTES
    ]


@pytest.fixture
def certificate(service: Service, name: str) -> dict[str, Any]:
    """A certificate that was issued."""
    return issue(service, wish(name, id=name))


def test_everybody_may_know_the_version(service: Service) -> None:
    answer = service.call("GET", OPEN, token=None)
    assert (answer.status, answer.body) == (200, __version__)


def test_a_stranger_gets_nowhere_but_to_what_is_open(service: Service) -> None:
    paths = closed(service)
    assert [where for where in paths if service.call(*where, token=None).status != 401] == []
    assert len(paths) > 10


@pytest.mark.parametrize("token", ["wrong", "x" * 10_000, "é".encode().decode("latin-1")])
def test_a_wrong_token_gets_nowhere_else(service: Service, token: str) -> None:
    assert [where for where in closed(service) if service.call(*where, token=token).status not in REFUSED] == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}"])
def test_what_is_not_exactly_the_token_is_refused(service: Service, authorization: str) -> None:
    headers = {"Authorization": authorization.format(service.token)}
    assert service.call("GET", CERTIFICATES, headers=headers).status in REFUSED


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_name_of_the_scheme_may_have_any_case(service: Service, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {service.token}"}
    assert service.call("GET", CERTIFICATES, headers=headers).status == 200


def test_a_refusal_says_how_to_get_in(service: Service) -> None:
    answer = service.call("GET", CERTIFICATES, token=None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (answer.headers["Content-Type"], "api.token" in answer.body["remedy"]) == ("application/problem+json", True)


def test_unknown_paths_do_not_show_themselves_to_strangers(service: Service) -> None:
    assert service.call("GET", "/api/nonsense", token=None).status == 401


@pytest.mark.parametrize("path", [f"{OPEN}/", f"{OPEN}%2F..%2F..%2Fplugins", f"{OPEN};/../plugins", "//api/plugins"])
def test_no_spelling_of_the_open_path_opens_another(service: Service, path: str) -> None:
    assert service.call("GET", path, token=None).status == 401


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example", ""])
@pytest.mark.parametrize("path", [CERTIFICATES, OPEN])
def test_a_foreign_name_that_leads_here_is_refused(service: Service, host: str, path: str) -> None:
    assert service.call("GET", path, headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9696", "127.1.2.3", "[::1]", "[::1]:9696"])
def test_every_name_of_this_machine_is_served(service: Service, host: str) -> None:
    assert service.call("GET", CERTIFICATES, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "origin", ["https://attacker.example", "null", "http://localhost", "http://localhost:1", "http://localhost.evil"]
)
def test_another_sites_page_is_refused_even_with_the_token(service: Service, origin: str) -> None:
    answer = service.call("POST", CERTIFICATES, wish("a.test"), headers={"Origin": origin})
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")


def test_a_page_of_the_services_own_is_served(service: Service) -> None:
    assert service.call("GET", CERTIFICATES, headers={"Origin": service.url}).status == 200


def test_a_browser_is_never_told_that_another_site_may_read(service: Service) -> None:
    preflight = {"Origin": "https://attacker.example", "Access-Control-Request-Method": "POST"}
    answer = service.call("OPTIONS", CERTIFICATES, headers=preflight)
    assert (answer.status, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


def test_no_get_changes_anything(service: Service, certificate: dict[str, Any], pebble: Pebble) -> None:
    operation = service.call("POST", f"{CERTIFICATES}/{certificate['id']}/request").body
    service.call("GET", operation["events"])
    credential = {"id": "looked-at", "provider": "files", "parameters": {"pfx_password": "secret"}}
    service.call("POST", "/api/credentials", credential)
    channel = {"id": "looked-at", "parameters": {"url": "json://127.0.0.1:9"}, "summary": False}
    service.call("POST", "/api/notifications/channels", channel)
    where = {"authority": pebble.directory, "ca_bundle": str(pebble.ca_bundle)}
    known = {
        "{account_id}": service.call("POST", "/api/accounts", where).body["id"],
        "{credential_id}": "looked-at",
        "{channel_id}": "looked-at",
        "{certificate_id}": certificate["id"],
        "{operation_id}": operation["operation"],
        "{authority_id}": "local",
    }
    before = state(service)
    paths = [filled(path, known) for method, path in operations_of(service) if method == "GET"]
    assert [path for path in paths if service.call("GET", path).status != 200] == []
    assert state(service) == before


def test_the_token_is_in_no_log(service: Service, certificate: dict[str, Any]) -> None:
    service.call("GET", f"/api/nonsense?token={service.token}")
    logs = [path.read_bytes() for path in (service.data_dir / "logs").rglob("*") if path.is_file()]
    assert [log for log in logs if service.token.encode() in log] == []
    assert b"debug" in b"".join(logs).lower()


ITS_OWN_TIME = {"av_checks", "backups", "logs"}
"""What the service writes there is asked for by nobody: what health checks try, copies of the database, logs."""


def state(service: Service) -> tuple[list[str], dict[str, str]]:
    """Return what is in the database and in the files of the data folder.

    Without what the service writes in its own time, and the store's notes beside the database.
    """
    with contextlib.closing(sqlite3.connect(service.data_dir / "manageditems.db")) as database:
        rows = list(database.iterdump())
    files = {path.relative_to(service.data_dir): path for path in service.data_dir.rglob("*") if path.is_file()}
    return rows, {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in files.items()
        if name.parts[0] not in ITS_OWN_TIME and not name.name.startswith("manageditems.")
    }
