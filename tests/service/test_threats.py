"""The threats to the API, one test each: what somebody would do who is not let in, or not that far.

`test_access.py`, `test_roles.py`, `test_tokens.py` and `test_sign_in.py` say how access works; this page says what it
keeps out. Who listens in the service's place, or on the way to it, is kept out by its clients:
`tests/cli/test_reaching_the_service.py` and `test_https.py`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.browser import Browser
from tests.support.http_exchange import exchange, status
from tests.support.service import Service
from tests.support.stores import stored_bytes
from tests.support.tokens import TOKENS, make_token
from tests.support.wishes import CERTIFICATES

WHO = "/api/access"
LINKS = "/api/access/links"
SIGN_IN = "/api/access/signin"
SIGN_OUT = "/api/access/signout"
AUDIT = "/api/audit"


def port_of(service: Service) -> int:
    """Return the port of a service."""
    port = urlsplit(service.url).port
    assert port is not None
    return port


def raw(service: Service, *lines: str, body: bytes = b"") -> int:
    """Send a request as it is; return the status of the answer."""
    return status(exchange(port_of(service), "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body))


@pytest.fixture
def victim(service: Service) -> Iterator[Browser]:
    """A browser that an administrator is signed in with."""
    browser = Browser(service.url, origin=service.url.replace("127.0.0.1", "localhost"))
    code = service.call("POST", LINKS).body["url"].partition("#")[2]
    assert browser.call("POST", SIGN_IN, {"code": code}).status == 200
    yield browser


# -- somebody on the network, and pages in a browser ------------------------------------------------------------------


def test_nobody_on_the_network_reaches_it(service: Service) -> None:
    process = psutil.Process(service.pid)
    listening = [each.laddr.ip for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert listening
    assert [address for address in listening if not ip_address(address).is_loopback] == []


def test_a_name_that_is_made_to_lead_here_opens_nothing(service: Service) -> None:
    assert service.call("GET", WHO, headers={"Host": f"rebound.example:{port_of(service)}"}).status == 403


def test_a_second_host_cannot_be_hidden_behind_the_first(service: Service) -> None:
    lines = ("Host: localhost", "Host: evil.example", f"Authorization: Bearer {service.token}")
    assert raw(service, f"GET {WHO} HTTP/1.1", *lines) == 400


def test_a_second_token_cannot_be_hidden_behind_the_first(service: Service) -> None:
    lines = ("Host: localhost", "Authorization: Bearer x", f"Authorization: Bearer {service.token}")
    assert raw(service, f"GET {WHO} HTTP/1.1", *lines) == 400


def test_a_page_of_another_site_uses_no_session(victim: Browser) -> None:
    victim.origin = "https://attacker.example"
    assert victim.call("POST", TOKENS, {"title": "x", "role": "administrator"}).status == 403


def test_a_page_of_the_same_name_by_another_scheme_uses_no_session(victim: Browser) -> None:
    victim.origin = victim.origin.replace("http:", "https:")
    assert victim.call("POST", TOKENS, {"title": "x", "role": "administrator"}).status == 403


def test_a_form_of_another_page_changes_nothing(service: Service, victim: Browser) -> None:
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in victim.cookies.items())
    form = b"title=x&role=administrator"
    lines = (f"Host: localhost:{port_of(service)}", f"Cookie: {cookie}", f"Content-Length: {len(form)}")
    assert raw(service, f"POST {TOKENS} HTTP/1.1", *lines, "Content-Type: text/plain", body=form) == 401


def test_nobody_is_signed_in_as_somebody_else_by_another_page(service: Service) -> None:
    code = service.call("POST", LINKS).body["url"].partition("#")[2]
    attacker = Browser(service.url, origin="https://attacker.example")
    assert attacker.call("POST", SIGN_IN, {"code": code}).status == 403


def test_no_answer_stays_in_a_cache_or_is_taken_for_a_page(service: Service) -> None:
    answers = [service.call("GET", WHO), service.call("GET", WHO, token=None), service.call("GET", "/signin")]
    told = {(answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) for answer in answers}
    assert told == {("no-store", "nosniff")}


def test_the_page_runs_no_script_but_its_own_and_in_no_frame(service: Service) -> None:
    policy = service.call("GET", "/signin", token=None).headers["Content-Security-Policy"]
    assert ("default-src 'none'" in policy, "frame-ancestors 'none'" in policy, "unsafe" in policy) == (
        True,
        True,
        False,
    )


# -- another user of this machine -------------------------------------------------------------------------------------


def test_another_user_cannot_read_the_token(service: Service) -> None:
    assert stat.S_IMODE((service.data_dir / "api.token").stat().st_mode) == 0o600


@pytest.mark.parametrize("weak", ["", "secret", "correct horse battery staple and more of it", "x" * 31])
def test_a_token_that_could_be_guessed_is_replaced(idle: Service, weak: str) -> None:
    idle.data_dir.mkdir(parents=True, exist_ok=True)
    (idle.data_dir / "api.token").write_text(weak)
    idle.start()
    assert (len(idle.token) >= 32, idle.call("GET", WHO, token=weak or "x").status) == (True, 401)


def test_who_reads_the_database_can_sign_in_with_nothing_in_it(service: Service) -> None:
    token = make_token(service, "administrator")
    assert token.removeprefix("certify_").encode() not in stored_bytes(service.data_dir)


@pytest.mark.parametrize("path", [SIGN_IN, "/api/access/negotiate"])
def test_a_stranger_cannot_fill_the_memory(service: Service, path: str) -> None:
    size = 1_100_000
    lines = ("Host: localhost", "Content-Type: application/json", f"Content-Length: {size}")
    assert raw(service, f"POST {path} HTTP/1.1", *lines, body=b" " * size) == 413


def test_nor_can_he_by_not_saying_how_much_comes(service: Service) -> None:
    chunk = b"186A0\r\n" + b" " * 100_000 + b"\r\n"
    lines = ("Host: localhost", "Content-Type: application/json", "Transfer-Encoding: chunked")
    assert raw(service, f"POST {SIGN_IN} HTTP/1.1", *lines, body=chunk * 11 + b"0\r\n\r\n") == 413


def test_strangers_fill_no_audit_trail(service: Service) -> None:
    before = service.call("GET", f"{AUDIT}/verify").body["entries"]
    service.call("POST", SIGN_IN, {"code": "guessed"}, token=None)
    service.call("POST", CERTIFICATES, {}, token="guessed")
    assert service.call("GET", f"{AUDIT}/verify").body["entries"] == before


def test_what_a_stranger_sends_makes_no_line_of_its_own_in_the_log(service: Service) -> None:
    service.call("POST", "/api/x%0A2026-01-01%20ERROR%20forged", token=None)
    service.call("GET", "/api/x%0Aforged%20line")
    assert [line for line in service.log().splitlines() if line.startswith(("forged", "2026-01-01 ERROR"))] == []


# -- somebody with a small role ---------------------------------------------------------------------------------------


def test_nobody_makes_himself_more_than_he_is(service: Service) -> None:
    for role in ("reader", "operator"):
        token = make_token(service, role)
        assert service.call("POST", TOKENS, {"title": "x", "role": "administrator"}, token=token).status == 403


def test_a_link_gives_no_more_than_who_made_it_has(service: Service) -> None:
    url = service.call("POST", LINKS, token=make_token(service, "reader")).body["url"]
    browser = Browser(service.url, origin=service.url.replace("127.0.0.1", "localhost"))
    assert browser.call("POST", SIGN_IN, {"code": url.partition("#")[2]}).body["role"] == "reader"


def test_an_operator_has_no_command_run(service: Service) -> None:
    wish = {"identifiers": ["x.test"], "authority": "local", "deployments": []}
    assert service.call("POST", CERTIFICATES, wish, token=make_token(service, "operator")).status == 403


@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}/export", TOKENS])
def test_readers_do_not_see_who_has_access_and_who_did_what(service: Service, path: str) -> None:
    assert service.call("GET", path, token=make_token(service, "reader")).status == 403


def test_readers_do_not_see_addresses_that_are_secrets(idle: Service) -> None:
    idle.configure(heartbeatUrl="https://hc.example/ping/5ecre7").start()
    token = make_token(idle, "reader")
    assert "5ecre7" not in str(idle.call("GET", "/api/system/config", token=token).body)


# -- somebody who had access once -------------------------------------------------------------------------------------


def test_a_session_ends_with_the_signing_out_and_not_only_in_the_browser(service: Service, victim: Browser) -> None:
    copy = Browser(service.url, origin=victim.origin)
    copy.cookies.load({name: morsel.value for name, morsel in victim.cookies.items()})
    victim.call("POST", SIGN_OUT)
    assert copy.call("GET", WHO).status == 401


def test_a_token_ends_with_everything_that_was_made_with_it(service: Service, name: str) -> None:
    token = make_token(service, "administrator", title=name)
    url = service.call("POST", LINKS, token=token).body["url"]
    (kept,) = [item for item in service.call("GET", TOKENS).body["tokens"] if item["title"] == name]
    service.call("DELETE", f"{TOKENS}/{kept['id']}")
    browser = Browser(service.url, origin=service.url.replace("127.0.0.1", "localhost"))
    assert browser.call("POST", SIGN_IN, {"code": url.partition("#")[2]}).status == 401


# -- an administrator who covers his tracks ---------------------------------------------------------------------------


def test_every_change_is_entered_before_it_is_done(service: Service, name: str) -> None:
    service.call("DELETE", f"{CERTIFICATES}/{name}")
    newest = service.call("GET", f"{AUDIT}?limit=1").body["requests"][0]
    assert (newest["who"], newest["path"]) == ("api.token", f"{CERTIFICATES}/{name}")


@pytest.mark.parametrize("head", ["1", "x:y", f"{10**30}:{'0' * 64}", f"{'9' * 5000}:{'0' * 64}", f"1:{'0' * 63}"])
def test_a_head_that_is_none_is_refused_and_no_fault(service: Service, head: str) -> None:
    assert service.call("GET", f"{AUDIT}/verify?head={head}").status == 422


@pytest.mark.parametrize("query", ["after=9223372036854775808", "after=-1", "limit=0", f"after={10**40}"])
def test_a_number_that_no_database_keeps_is_refused_and_no_fault(service: Service, query: str) -> None:
    assert service.call("GET", f"{AUDIT}/export?{query}").status == 422


def test_no_secret_of_a_change_is_in_the_trail(service: Service, name: str, tmp_path: Path) -> None:
    secret = "correct-horse-battery-staple"
    parameters: dict[str, Any] = {"pfx_password": secret}
    service.call("POST", "/api/credentials", {"id": name, "provider": "files", "parameters": parameters})
    service.call("POST", "/api/credentials", {"id": {"nested": [secret]}, "password": secret})
    exported = service.call("GET", f"{AUDIT}/export?limit=10000").body["entries"]
    assert [entry for entry in exported if secret in entry["document"]] == []
