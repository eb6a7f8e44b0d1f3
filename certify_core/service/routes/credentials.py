"""`/api/credentials`: parameters that many managed certificates share. What is secret in them is never shown."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from certify_core.domain.credential import Credential, CredentialId, CredentialSettings
from certify_core.engine.engine import Engine
from certify_core.engine.parameters import masked_parameters
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.merge_patch import merged
from certify_core.service.problems import invalid_input
from certify_core.service.routes.views import iso


class NewCredential(CredentialSettings):
    """A credential to be kept."""

    id: CredentialId


class ChangeCredential(BaseModel):
    """A change of a credential."""

    model_config = ConfigDict(extra="forbid")

    version: int
    """The version that was read; the change is refused if there is a newer one."""
    settings: dict[str, JsonValue]
    """The fields to change, merged into the stored ones (RFC 7396)."""


def router(engine: Engine) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/credentials", tags=["credentials"], route_class=StrictJsonRoute)
    credentials = engine.store.credentials

    @routes.get("")
    def list_credentials() -> dict[str, list[Any]]:
        """List all credentials."""
        return {"credentials": [_document(credential) for credential in credentials.all()]}

    @routes.post("", status_code=201)
    def create(new: NewCredential) -> dict[str, Any]:
        """Keep a credential."""
        settings = CredentialSettings.model_validate(new.model_dump(exclude={"id"}))
        return _document(engine.credentials.create(new.id, settings))

    @routes.get("/{credential_id}")
    def show(credential_id: str) -> dict[str, Any]:
        """Show a credential, and which managed certificates use it."""
        return {**_document(credentials.get(credential_id)), "users": credentials.users(credential_id)}

    @routes.patch("/{credential_id}")
    def change(credential_id: str, wish: ChangeCredential) -> dict[str, Any]:
        """Change a credential; who uses it has the change from the next step on."""
        current = _document(credentials.get(credential_id))
        known = {name: current[name] for name in CredentialSettings.model_fields}
        try:
            settings = CredentialSettings.model_validate(merged(known, wish.settings))
        except ValidationError as error:
            raise invalid_input(error) from None
        return _document(engine.credentials.change(credential_id, wish.version, settings))

    @routes.delete("/{credential_id}", status_code=204)
    def remove(credential_id: str) -> Response:
        """Remove a credential; 409, with the names of its users, if there are any."""
        credentials.delete(credential_id)
        return Response(status_code=204)

    return routes


def _document(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "provider": credential.provider,
        "title": credential.title,
        "parameters": masked_parameters(credential.parameters),
        "version": credential.version,
        "created_at": iso(credential.created_at),
        "updated_at": iso(credential.updated_at),
    }
