"""`certify token` and `certify open`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service


@pytest.fixture
def title() -> str:
    """What no other test's token is called."""
    return uuid.uuid4().hex


@pytest.fixture
def stranger(service: Service, tmp_path: Path) -> Iterator[Service]:
    """Somebody who knows where the service is, and may not read its token."""
    (tmp_path / "servers.json").write_bytes((service.data_dir / "servers.json").read_bytes())
    yield Service(tmp_path)


def test_a_new_token_is_alone_on_standard_output(service: Service, title: str) -> None:
    ended = service.certify("token", "create", title, "--role", "reader")
    assert (ended.code, ended.out.startswith("certify_"), ended.out.count("\n")) == (0, True, 1)


def test_the_command_line_of_others_works_with_a_token(service: Service, stranger: Service, title: str) -> None:
    token = service.certify("token", "create", title).out.strip()
    allowed = Service(stranger.data_dir, environment={"CERTIFY_TOKEN": token})
    assert (stranger.certify("list").code, allowed.certify("list").code) == (3, 0)


def test_what_a_role_may_not_do_is_refused_with_the_remedy(service: Service, stranger: Service, title: str) -> None:
    token = service.certify("token", "create", title).out.strip()
    ended = Service(stranger.data_dir, environment={"CERTIFY_TOKEN": token}).certify("secrets", "rotate")
    assert (ended.code, "administrator" in ended.err) == (3, True)


def test_tokens_are_listed_with_their_end(service: Service, title: str) -> None:
    created = service.certify("token", "create", title, "--expires-in", "12h", "--json").json
    line = next(line for line in service.certify("token", "list").out.splitlines() if title in line)
    assert created["expires_at"] in line


def test_a_token_is_revoked_by_its_id(service: Service, title: str) -> None:
    created = service.certify("token", "create", title, "--json").json
    assert service.certify("token", "revoke", created["id"]).code == 0
    assert created["id"] not in service.certify("token", "list").out


@pytest.mark.parametrize("duration", ["0d", "d", "10", "1y", "-1d", "1.5d"])
def test_what_is_no_duration_is_a_usage_error(service: Service, duration: str) -> None:
    assert service.certify("token", "create", "x", "--expires-in", duration).code == 2


def test_open_prints_a_link_that_works_once(service: Service) -> None:
    url = service.certify("open", "--print").out.strip()
    code = {"code": url.partition("#")[2]}
    headers = {"Origin": service.url}
    answers = [service.call("POST", "/api/access/signin", code, token=None, headers=headers) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 401]
