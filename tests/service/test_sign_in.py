"""Browsers get in by a link that works once; their cookie is of no use to other sites and pages."""

from __future__ import annotations

import re

import pytest

from tests.support.browser import Browser
from tests.support.service import Service
from tests.support.tokens import TOKENS, make_token

LINKS = "/api/access/links"
SIGN_IN = "/api/access/signin"
SIGN_OUT = "/api/access/signout"
WHO = "/api/access"


def link(service: Service, token: str = "") -> str:
    """Return a new link for who has the token."""
    answer = service.call("POST", LINKS, token=token)
    assert answer.status == 201, answer.body
    url: str = answer.body["url"]
    return url


def code(url: str) -> dict[str, str]:
    """Return what the page sends that a link opens."""
    return {"code": url.partition("#")[2]}


@pytest.fixture
def browser(service: Service) -> Browser:
    """A browser that shows a page of the service's, with its name in the address bar."""
    return Browser(service.url, origin=service.url.replace("127.0.0.1", "localhost"))


@pytest.fixture
def signed_in(service: Service, browser: Browser) -> Browser:
    """A browser whose user has followed a link of the owner's."""
    assert browser.call("POST", SIGN_IN, code(link(service))).status == 200
    return browser


def test_a_link_leads_to_a_page_of_the_services_own(service: Service, browser: Browser) -> None:
    url = link(service)
    assert url.startswith(f"{service.url}/signin#")
    page = browser.call("GET", "/signin")
    assert (page.status, "sha256-" in page.headers["Content-Security-Policy"]) == (200, True)


def test_looking_at_the_page_uses_no_link_up(service: Service, browser: Browser) -> None:
    sent = code(link(service))
    browser.call("GET", "/signin")
    assert browser.call("POST", SIGN_IN, sent).status == 200


def test_who_follows_it_is_who_made_it(service: Service, browser: Browser, name: str) -> None:
    made = link(service, make_token(service, "reader", title=name))
    told = browser.call("POST", SIGN_IN, code(made)).body
    assert (told["name"], told["role"]) == (name, "reader")
    assert browser.call("GET", WHO).body == told


def test_a_link_works_once(service: Service, browser: Browser) -> None:
    sent = code(link(service))
    assert [browser.call("POST", SIGN_IN, sent).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("guess", ["", "guessed", "é"])
def test_a_guess_is_no_link(browser: Browser, guess: str) -> None:
    assert browser.call("POST", SIGN_IN, {"code": guess}).status == 401


def test_the_cookie_is_for_this_browser_this_site_and_this_port_alone(service: Service, browser: Browser) -> None:
    answer = browser.call("POST", SIGN_IN, code(link(service)))
    cookie = answer.headers["Set-Cookie"].lower()
    port = service.url.rsplit(":", 1)[1]
    assert cookie.startswith(f"certify_session_{port}=certify_")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert re.search(r"max-age=\d+", cookie)


def test_a_page_of_ours_may_change_things(signed_in: Browser) -> None:
    assert signed_in.call("POST", TOKENS, {"title": "x", "role": "reader"}).status == 201


@pytest.mark.parametrize("origin", ["https://attacker.example", "http://localhost:1", "null"])
def test_another_page_may_not_use_the_cookie(signed_in: Browser, origin: str) -> None:
    signed_in.origin = origin
    assert signed_in.call("POST", TOKENS, {"title": "x", "role": "reader"}).status == 403


def test_a_change_whose_page_is_unknown_is_refused(signed_in: Browser) -> None:
    signed_in.origin = ""
    assert signed_in.call("POST", TOKENS, {"title": "x", "role": "reader"}).status == 401


def test_a_wrong_token_is_refused_beside_a_right_cookie(signed_in: Browser) -> None:
    assert signed_in.call("GET", WHO, headers={"Authorization": "Bearer wrong"}).status == 401


def test_signing_out_ends_the_session_wherever_its_cookie_is(signed_in: Browser) -> None:
    before = signed_in.cookies.copy()
    assert signed_in.call("POST", SIGN_OUT).status == 204
    signed_in.cookies.load({name: morsel.value for name, morsel in before.items()})
    assert signed_in.call("GET", WHO).status == 401


def test_a_revoked_token_ends_the_browsers_that_came_with_it(service: Service, browser: Browser, name: str) -> None:
    made = link(service, make_token(service, "reader", title=name))
    browser.call("POST", SIGN_IN, code(made))
    kept = next(item for item in service.call("GET", TOKENS).body["tokens"] if item["title"] == name)
    service.call("DELETE", f"{TOKENS}/{kept['id']}")
    assert browser.call("GET", WHO).status == 401


def test_no_code_and_no_cookie_is_in_a_log(service: Service, signed_in: Browser) -> None:
    secrets = [link(service).partition("#")[2], *(morsel.value for morsel in signed_in.cookies.values())]
    logs = "".join(path.read_text() for path in (service.data_dir / "logs").rglob("*.log"))
    assert [secret for secret in secrets if secret in logs] == []
