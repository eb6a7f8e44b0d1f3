"""Accounts at authorities, as documents have them: opened and given another contact, and never closed by a file.

That an account was opened is noted after the authority has said so; after a crash in between it is found there.
"""

from __future__ import annotations

from certify_core.acme import ExternalAccountBinding
from certify_core.configuration.documents import AccountDocument
from certify_core.configuration.expanding import Expanded
from certify_core.configuration.keepers import Present
from certify_core.configuration.plan import Fields
from certify_core.contracts import AcmeAuthority
from certify_core.engine.engine import Engine
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, InvalidInput, PolicyRefused
from certify_core.store import Account
from certify_core.store.database import Also


class AccountKeeper:
    """Accounts."""

    def __init__(self, engine: Engine, planned: Wanted) -> None:
        self._engine = engine
        self._planned = planned

    def present(self, name: str, object_id: str | None, key: bytes) -> Present | None:
        """Return the account at an authority, if that has confirmed it."""
        try:
            directory = self._authority(name).directory
        except CertifyError:
            return None  # there is no such authority any more
        account = self._engine.store.accounts.find(directory)
        if account is None or account.url is None or account.deactivating:
            return None
        return Present(account.id, 0, _fields(name, account))

    def wanted(self, document: Expanded, key: bytes, present: Present | None) -> Fields:
        """Return what is wanted; of what the document does not say, what there is."""
        wish = document.settings_as(AccountDocument)
        authority = self._authority(wish.authority, wish.ca_bundle)
        if present is None and wish.eab is None and authority.needs_eab:
            raise InvalidInput(
                "eab",
                f"{authority.title} opens accounts only with an external account binding.",
                "Get a key id and an HMAC key there, and add them as eab.",
            )
        there = present.fields if present else {}
        return {
            "authority": wish.authority,
            "contact": list(_addresses(wish)) or there.get("contact"),
            "eab.kid": wish.eab.kid if wish.eab else there.get("eab.kid"),
        }

    def create(self, document: Expanded, object_id: str, also: Also) -> None:
        """Open it."""
        self._register(document, also)

    def change(self, document: Expanded, present: Present, also: Also) -> None:
        """Give it another contact."""
        self._register(document, also)

    def delete(self, present: Present, also: Also) -> None:
        """Refuse: nobody can open a closed account again."""
        raise PolicyRefused("An account is closed by nobody's files.", "Use `certify account deactivate`.")

    def _register(self, document: Expanded, also: Also) -> None:
        wish = document.settings_as(AccountDocument)
        eab = ExternalAccountBinding(wish.eab.kid, str(wish.eab.hmac_key)) if wish.eab else None
        self._engine.accounts.register(self._authority(wish.authority, wish.ca_bundle), _addresses(wish), eab)
        self._engine.store.configured.write([also])

    def _authority(self, name: str, ca_bundle: str | None = None) -> AcmeAuthority:
        authority = self._planned.authority(name, ca_bundle)
        if not isinstance(authority, AcmeAuthority):
            raise InvalidInput("authority", f"{authority.title} has no accounts.", "Choose an ACME authority.")
        return authority


def _addresses(wish: AccountDocument) -> tuple[str, ...]:
    return tuple(mail if ":" in mail else f"mailto:{mail}" for mail in wish.contact)


def _fields(name: str, account: Account) -> Fields:
    return {"authority": name, "contact": list(account.contact) or None, "eab.kid": account.eab_kid}
