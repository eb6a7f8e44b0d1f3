"""`/api/accounts`: open, list, show, import, give a new key, and close accounts at ACME authorities."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from certify_core.acme import AccountKey, ExternalAccountBinding, read_account_key
from certify_core.contracts import AcmeAuthority
from certify_core.domain.keys import KeyType
from certify_core.engine.engine import Engine
from certify_core.errors import InvalidInput
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.routes.views import iso
from certify_core.store import Account


class Wish(BaseModel):
    """The base of what is wanted of accounts."""

    model_config = ConfigDict(extra="forbid")

    ca_bundle: str | None = None
    """A PEM file with the TLS roots of the directory; for an account that exists, if it is not the usual one."""


class EabWish(BaseModel):
    """An external account binding, as the authority's web site hands it out (RFC 8555 section 7.3.4)."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(min_length=1)
    hmac_key: SecretStr
    """Base64url, as it was given."""


class AccountWish(Wish):
    """An account to be opened, or to be given another contact."""

    authority: str
    """The id of an authority, or the address of an ACME directory."""
    contact: list[str] = Field(default_factory=list)
    """Mail addresses."""
    eab: EabWish | None = None


class ImportWish(Wish):
    """An account that exists at the authority, to be used from now on."""

    authority: str
    """The id of an authority, or the address of an ACME directory."""
    account_key: SecretStr
    """Its private key: the text of a PEM file, or of certbot's private_key.json."""
    replace: bool = False
    """Whether another account at this authority is forgotten for it."""


class RolloverWish(Wish):
    """Another key for an account."""

    key_type: KeyType = KeyType.P256


class DeactivationWish(Wish):
    """The end of an account."""

    force: bool = False
    """Even if managed certificates use its authority: they get a new account."""


def router(engine: Engine) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/accounts", tags=["accounts"], route_class=StrictJsonRoute)
    admin = engine.account_admin

    @routes.get("")
    def accounts() -> dict[str, list[Any]]:
        """List accounts at ACME authorities; keys are never shown."""
        return {"accounts": [document(account) for account in engine.store.accounts.all()]}

    @routes.post("")
    def open_account(wish: AccountWish) -> dict[str, Any]:
        """Open an account at an ACME authority, or give an existing one another contact."""
        contact = [mail if ":" in mail else f"mailto:{mail}" for mail in wish.contact]
        eab = ExternalAccountBinding(wish.eab.kid, wish.eab.hmac_key.get_secret_value()) if wish.eab else None
        return document(engine.accounts.register(acme_authority(wish.authority, wish.ca_bundle), contact, eab))

    @routes.post("/import")
    def import_account(wish: ImportWish) -> dict[str, Any]:
        """Use an account that exists at the authority, by its key; 409 if there is another one here."""
        key = read_account_key(wish.account_key.get_secret_value())
        authority = acme_authority(wish.authority, wish.ca_bundle)
        return document(admin.take_over(authority, key, replaces=wish.replace))

    @routes.get("/{account_id}")
    def show(account_id: str) -> dict[str, Any]:
        """Show an account and the managed certificates that are ordered at its authority."""
        account = engine.store.accounts.get(account_id)
        users = [{"id": user_id, "name": name} for user_id, name in admin.used_by(account)]
        return {**document(account), "used_by": users}

    @routes.post("/{account_id}/rollover")
    def rollover(account_id: str, wish: RolloverWish | None = None) -> dict[str, Any]:
        """Have a new key sign for an account; the old one is worth nothing from then on."""
        wish = wish or RolloverWish()
        return document(admin.rollover(account_id, wish.key_type, wish.ca_bundle))

    @routes.post("/{account_id}/deactivate", status_code=204)
    def deactivate(account_id: str, wish: DeactivationWish | None = None) -> Response:
        """Close an account for good; 409 while managed certificates use its authority, unless it is forced."""
        wish = wish or DeactivationWish()
        admin.deactivate(account_id, force=wish.force, ca_bundle=wish.ca_bundle)
        return Response(status_code=204)

    def acme_authority(name: str, ca_bundle: str | None) -> AcmeAuthority:
        authority = engine.wanted.authority(name, ca_bundle)
        if not isinstance(authority, AcmeAuthority):
            raise InvalidInput("authority", f"{authority.title} has no accounts.", "Choose an ACME authority.")
        return authority

    def document(account: Account) -> dict[str, Any]:
        key = AccountKey.from_pem(account.key_pem)
        return {
            "id": account.id,
            "authorities": admin.authority_ids(account.directory),
            "directory": account.directory,
            "url": account.url,
            "contact": account.contact,
            "eab_kid": account.eab_kid,
            "algorithm": key.algorithm,
            "thumbprint": key.thumbprint,
            "created_at": iso(account.created_at),
        }

    return routes
