"""`/api/system`, `/api/plugins`, `/api/providers` and `/api/authorities`: what this service is and what it knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from certify_core import __version__
from certify_core.contracts import AcmeAuthority
from certify_core.engine.described import describe_providers
from certify_core.engine.engine import Engine
from certify_core.errors import NotFound
from certify_core.service.json_body import StrictJsonRoute


def router(engine: Engine) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api", tags=["system"], route_class=StrictJsonRoute)

    @routes.get("/system/appversion")
    def appversion() -> str:
        """Say the version, to anybody."""
        return __version__

    @routes.get("/plugins")
    def plugins() -> dict[str, list[Any]]:
        """List every plugin that was found, what it offers, and why it does not work if it does not."""
        return {"plugins": [asdict(record) for record in engine.plugins.described()]}

    @routes.get("/providers")
    def providers() -> dict[str, list[Any]]:
        """List what settings choose by name, and the parameters that each asks for."""
        return {"providers": [asdict(provider) for provider in describe_providers(engine.plugins)]}

    @routes.get("/authorities")
    def authorities() -> dict[str, list[Any]]:
        """List the certificate authorities that can be chosen by id."""
        return {"authorities": [_authority(item) for item in engine.plugins.authorities]}

    @routes.get("/authorities/{authority_id}/root")
    def root(authority_id: str) -> dict[str, str]:
        """Show the root certificate of an authority that signs in this process: what its clients have to trust."""
        authority = engine.plugins.authorities.find(authority_id)
        if authority is None or isinstance(authority, AcmeAuthority):
            raise NotFound(f"There is no authority {authority_id} that signs here.", "See `certify authority list`.")
        return {"pem": authority.root_pem()}

    return routes


def _authority(authority: Any) -> dict[str, Any]:
    is_acme = isinstance(authority, AcmeAuthority)
    return {
        "id": authority.id,
        "title": authority.title,
        "directory": authority.directory if is_acme else None,
        "staging": is_acme and authority.staging,
        "needs_eab": is_acme and authority.needs_eab,
    }
