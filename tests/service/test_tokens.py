"""Tokens for others: shown once, kept hashed, ended at once; and wrong ones do not keep the right ones out."""

from __future__ import annotations

from typing import Any

import pytest

from certify_core.service.failures import AT_ONCE
from tests.support.browser import Browser
from tests.support.service import Answer, Service
from tests.support.stores import stored_bytes
from tests.support.tokens import TOKENS, make_token

WHO = "/api/access"


def with_token(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def tried_in_vain(service: Service, address: str, times: int) -> list[Answer]:
    """Ask with wrong tokens from an address."""
    stranger = Browser(service.url, address=address)
    return [stranger.call("GET", WHO, headers=with_token(f"certify_{number}")) for number in range(times)]


def listed(service: Service, title: str) -> list[dict[str, Any]]:
    """Return what the list says about tokens of a title."""
    return [item for item in service.call("GET", TOKENS).body["tokens"] if item["title"] == title]


def test_a_token_lets_in_who_it_was_made_for(service: Service, name: str) -> None:
    answer = service.call("GET", WHO, token=make_token(service, "operator", title=name))
    assert (answer.status, answer.body["name"], answer.body["role"]) == (200, name, "operator")


def test_the_owners_token_is_an_administrators_and_never_expires(service: Service) -> None:
    assert service.call("GET", WHO).body == {
        "name": "api.token",
        "role": "administrator",
        "how": "api.token",
        "expires_at": None,
    }


def test_a_token_is_shown_once(service: Service, name: str) -> None:
    token = make_token(service, "reader", title=name)
    assert token not in str(service.call("GET", TOKENS).body)
    assert listed(service, name)[0]["created_by"] == "api.token"


def test_a_token_is_in_no_file(service: Service) -> None:
    token = make_token(service, "reader")
    service.call("GET", WHO, token=token)
    logs = b"".join(path.read_bytes() for path in (service.data_dir / "logs").rglob("*") if path.is_file())
    assert token.encode() not in logs + stored_bytes(service.data_dir)


def test_a_token_survives_a_restart(idle: Service) -> None:
    token = make_token(idle.start(), "reader")
    idle.stop()
    assert idle.start().call("GET", WHO, token=token).status == 200


def test_a_revoked_token_is_worth_nothing_at_once(service: Service, name: str) -> None:
    token = make_token(service, "administrator", title=name)
    assert service.call("DELETE", f"{TOKENS}/{listed(service, name)[0]['id']}", token=token).status == 204
    assert service.call("GET", WHO, token=token).status == 401


def test_revoking_what_is_not_there_is_a_404(service: Service) -> None:
    assert service.call("DELETE", f"{TOKENS}/nothing").status == 404


@pytest.mark.parametrize(
    ("field", "value"), [("role", "owner"), ("expires_in", 59), ("expires_in", 10**12), ("title", ""), ("id", "mine")]
)
def test_a_wish_that_makes_no_sense_names_the_field(service: Service, field: str, value: object) -> None:
    answer = service.call("POST", TOKENS, {"title": "x", "role": "reader", field: value})
    assert (answer.status, answer.body["field"]) == (422, field)


def test_many_wrong_tries_from_one_address_are_told_to_wait(service: Service) -> None:
    answers = tried_in_vain(service, "127.0.0.11", AT_ONCE + 1)
    assert [answer.status for answer in answers] == [401] * AT_ONCE + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


def test_a_right_token_is_let_in_from_an_address_of_wrong_tries(service: Service) -> None:
    token = make_token(service, "reader")
    tried_in_vain(service, "127.0.0.12", AT_ONCE + 1)
    assert Browser(service.url, address="127.0.0.12").call("GET", WHO, headers=with_token(token)).status == 200


def test_wrong_tries_from_one_address_are_nothing_to_another(service: Service) -> None:
    tried_in_vain(service, "127.0.0.13", AT_ONCE + 1)
    assert tried_in_vain(service, "127.0.0.14", 1)[0].status == 401


def test_asking_without_a_token_is_no_wrong_try(service: Service) -> None:
    stranger = Browser(service.url, address="127.0.0.15")
    assert {stranger.call("GET", WHO).status for _ in range(AT_ONCE + 1)} == {401}
