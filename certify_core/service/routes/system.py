"""`/api/system`, `/api/plugins`, `/api/authorities` and `/api/accounts`: what this service is and what it knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from certify_core import __version__
from certify_core.acme import ExternalAccountBinding
from certify_core.contracts import AcmeAuthority
from certify_core.engine.engine import Engine
from certify_core.errors import InvalidInput, NotFound
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.routes.views import iso
from certify_core.store import Account


class EabWish(BaseModel):
    """An external account binding, as the authority's web site hands it out (RFC 8555 section 7.3.4)."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(min_length=1)
    hmac_key: SecretStr
    """Base64url, as it was given."""


class AccountWish(BaseModel):
    """An account to be opened, or to be given another contact."""

    model_config = ConfigDict(extra="forbid")

    authority: str
    """The id of an authority, or the address of an ACME directory."""
    ca_bundle: str | None = None
    contact: list[str] = Field(default_factory=list)
    """Mail addresses."""
    eab: EabWish | None = None


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

    @routes.get("/accounts")
    def accounts() -> dict[str, list[Any]]:
        """List accounts at ACME authorities; keys are never shown."""
        return {"accounts": [_account(account) for account in engine.store.accounts.all()]}

    @routes.post("/accounts")
    def open_account(wish: AccountWish) -> dict[str, Any]:
        """Open an account at an ACME authority, or give an existing one another contact."""
        authority = engine.wanted.authority(wish.authority, wish.ca_bundle)
        if not isinstance(authority, AcmeAuthority):
            raise InvalidInput("authority", f"{authority.title} has no accounts.", "Choose an ACME authority.")
        contact = [mail if ":" in mail else f"mailto:{mail}" for mail in wish.contact]
        eab = ExternalAccountBinding(wish.eab.kid, wish.eab.hmac_key.get_secret_value()) if wish.eab else None
        return _account(engine.accounts.register(authority, contact, eab))

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


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "directory": account.directory,
        "url": account.url,
        "contact": account.contact,
        "eab_kid": account.eab_kid,
        "created_at": iso(account.created_at),
    }
