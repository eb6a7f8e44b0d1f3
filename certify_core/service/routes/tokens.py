"""`/api/tokens`: access tokens with a role and an end. A token is shown once, when it is created."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from certify_core.domain.access import AccessToken, Role
from certify_core.service.access import Access, principal_of
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.routes.views import iso
from certify_core.store.tokens import Tokens

DAY = 86_400


class TokenWish(BaseModel):
    """A token to be created."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=255)
    """Who or what uses it, for people."""
    role: Role
    expires_in: int = Field(default=90 * DAY, ge=60, le=3650 * DAY)
    """Seconds."""


def router(access: Access, tokens: Tokens) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/tokens", tags=["access"], route_class=StrictJsonRoute)

    @routes.get("")
    def list_tokens() -> dict[str, list[Any]]:
        """List all tokens, those that expired in the last 30 days too; the tokens themselves are nowhere."""
        return {"tokens": [_document(token) for token in tokens.all()]}

    @routes.post("", status_code=201)
    def create(wish: TokenWish, request: Request) -> dict[str, Any]:
        """Create a token; the answer is the only time that it is shown."""
        by = principal_of(request.scope)
        token, kept = access.create_token(by, title=wish.title, role=wish.role, seconds=wish.expires_in)
        return {**_document(kept), "token": token}

    @routes.delete("/{token_id}", status_code=204)
    def revoke(token_id: str) -> Response:
        """End a token at once, with the browser sessions that were opened with it."""
        access.revoke_token(token_id)
        return Response(status_code=204)

    return routes


def _document(token: AccessToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "title": token.title,
        "role": token.role,
        "created_by": token.created_by,
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
    }
