"""Which role may do what: the table names every route of the API, and every route keeps to the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certify_core.domain.access import Role
from certify_core.service.roles import OPEN, ROLES, needed_role
from tests.support.service import Service
from tests.support.tokens import make_token

DESCRIPTION = ("GET", "/api/openapi.json")
PAGE = ("GET", "/signin")
PAGE_OF_ACCESS = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
ROUTES = sorted(set(ROLES) - OPEN)


@pytest.fixture(scope="module")
def tokens(service: Service) -> dict[Role, str]:
    """A token of each role."""
    return {role: make_token(service, role) for role in Role}


def test_every_route_has_a_role_or_is_open_and_every_role_has_a_route(service: Service) -> None:
    paths = service.call("GET", DESCRIPTION[1]).body["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert set(ROLES) | OPEN == routes | {DESCRIPTION, PAGE}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_role_may_do_what_the_table_says_and_nothing_more(
    service: Service, tokens: dict[Role, str], role: Role, method: str, path: str
) -> None:
    answer = service.call(method, re.sub("[{}]", "", path), token=tokens[role])
    assert (answer.status == 403) == (not role.includes(ROLES[method, path])), answer.body


@pytest.mark.parametrize(
    ("role", "needed", "included"),
    [
        (Role.READER, Role.READER, True),
        (Role.READER, Role.OPERATOR, False),
        (Role.OPERATOR, Role.READER, True),
        (Role.OPERATOR, Role.ADMINISTRATOR, False),
        (Role.ADMINISTRATOR, Role.OPERATOR, True),
    ],
)
def test_each_role_may_do_what_the_ones_before_it_may(role: Role, needed: Role, included: bool) -> None:
    assert role.includes(needed) is included


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/nonsense"),
        ("PUT", "/api/managedcertificates"),
        ("GET", "/api/managedcertificates/"),
        ("GET", "/api/accounts/1/2"),
        ("WEBSOCKET", "/api/access"),
    ],
)
def test_what_is_not_in_the_table_is_the_administrators(method: str, path: str) -> None:
    assert needed_role(method, path) is Role.ADMINISTRATOR


def test_a_refusal_names_the_role_that_is_needed(service: Service, tokens: dict[Role, str]) -> None:
    answer = service.call("POST", "/api/secrets/rotate", token=tokens[Role.READER])
    assert (answer.status, "administrator" in answer.body["detail"]) == (403, True)


def test_no_role_lets_another_sites_page_in(service: Service, tokens: dict[Role, str]) -> None:
    headers = {"Origin": "https://attacker.example"}
    assert service.call("GET", "/api/access", token=tokens[Role.READER], headers=headers).status == 403


def test_the_page_shows_the_table_as_it_is() -> None:
    rows = re.findall(r"^\| `([A-Z]+) (\S+)` \| (\w+) \|$", PAGE_OF_ACCESS, re.MULTILINE)
    assert {(method, path): Role(role) for method, path, role in rows} == ROLES
