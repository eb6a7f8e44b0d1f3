"""Access tokens for tests."""

from __future__ import annotations

import uuid

from tests.support.service import Service

TOKENS = "/api/tokens"


def make_token(service: Service, role: str, *, title: str = "", expires_in: int = 3600) -> str:
    """Return a new token of a role."""
    wish = {"title": title or uuid.uuid4().hex, "role": role, "expires_in": expires_in}
    answer = service.call("POST", TOKENS, wish)
    assert answer.status == 201, answer.body
    token: str = answer.body["token"]
    return token
