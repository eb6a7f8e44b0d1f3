"""What there is of each kind of document, and the engine's own verbs for changing it: the rules are those of the API.

`wanted` looks at a document with what is planned beside it, so that one may name another that is only being made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from certify_core.configuration.expanding import Expanded
from certify_core.configuration.fields import authority_fields, certificate_fields, credential_fields
from certify_core.configuration.plan import Fields
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.engine.wanted import Wanted
from certify_core.errors import InvalidInput, NotFound
from certify_core.store.database import Also


@dataclass(frozen=True, slots=True)
class Present:
    """A thing as it is."""

    object_id: str
    version: int
    fields: Fields


class Keeper(Protocol):
    """Looks after the things of one kind."""

    def present(self, name: str, object_id: str | None, key: bytes) -> Present | None:
        """Return the thing with an id, or without an id the one of this name; None if there is none.

        Raises:
            InvalidInput: there are several of that name.
        """

    def wanted(self, document: Expanded, key: bytes, present: Present | None) -> Fields:
        """Return what a document wants, as it would be kept.

        Raises:
            InvalidInput: names the first wrong field.
        """

    def create(self, document: Expanded, object_id: str, also: Also) -> None:
        """Make it, and write something more with it."""

    def change(self, document: Expanded, present: Present, also: Also) -> None:
        """Change it, unless somebody has since it was looked at."""

    def delete(self, present: Present, also: Also) -> None:
        """Remove it."""


class CertificateKeeper:
    """Managed certificates."""

    def __init__(self, engine: Engine, planned: Wanted) -> None:
        self._engine = engine
        self._planned = planned

    def present(self, name: str, object_id: str | None, key: bytes) -> Present | None:
        """Return it."""
        certificates = self._engine.store.certificates
        ids = [object_id] if object_id else certificates.ids_named(name)
        if len(ids) > 1:
            raise InvalidInput(
                "name", f"There are {len(ids)} managed certificates named {name}.", "Rename or delete all but one."
            )
        try:
            found = certificates.get(ids[0]) if ids else None
        except NotFound:
            return None
        if found is None:
            return None
        return Present(found.id, found.version, certificate_fields(self._engine.store.vault, found.settings, key))

    def wanted(self, document: Expanded, key: bytes, present: Present | None) -> Fields:
        """Return what is wanted."""
        checked = self._planned.checked(document.settings_as(CertificateSettings))
        if present is not None:
            issued = self._engine.store.certificates.get(present.object_id).issued
            self._planned.keep_trusted(checked.authority, checked, issued)
        return certificate_fields(self._engine.store.vault, checked, key)

    def create(self, document: Expanded, object_id: str, also: Also) -> None:
        """Make it; it is requested at once, unless automatic renewal is off."""
        self._engine.create(document.settings_as(CertificateSettings), object_id, also=also)

    def change(self, document: Expanded, present: Present, also: Also) -> None:
        """Change it."""
        self._engine.change(present.object_id, present.version, document.settings_as(CertificateSettings), also)

    def delete(self, present: Present, also: Also) -> None:
        """Stop looking after it; what was deployed stays in place."""
        self._engine.delete(present.object_id, present.version, also)


class CredentialKeeper:
    """Stored credentials."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def present(self, name: str, object_id: str | None, key: bytes) -> Present | None:
        """Return it."""
        try:
            found = self._engine.store.credentials.get(name)
        except NotFound:
            return None
        return Present(name, found.version, credential_fields(self._engine.store.vault, found, key))

    def wanted(self, document: Expanded, key: bytes, present: Present | None) -> Fields:
        """Return what is wanted."""
        checked = self._engine.credentials.checked(document.settings_as(CredentialSettings), {})
        if present is not None and present.fields["provider"] != checked.provider:
            raise InvalidInput("provider", "A credential stays with its provider.", "Give this one another name.")
        return credential_fields(self._engine.store.vault, checked, key)

    def create(self, document: Expanded, object_id: str, also: Also) -> None:
        """Keep it."""
        self._engine.credentials.create(object_id, document.settings_as(CredentialSettings), also)

    def change(self, document: Expanded, present: Present, also: Also) -> None:
        """Replace it."""
        self._engine.credentials.change(
            present.object_id, present.version, document.settings_as(CredentialSettings), also
        )

    def delete(self, present: Present, also: Also) -> None:
        """Remove it, if nothing uses it."""
        self._engine.store.credentials.delete(present.object_id, also)


class AuthorityKeeper:
    """Authorities that users have named."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def present(self, name: str, object_id: str | None, key: bytes) -> Present | None:
        """Return it."""
        try:
            found = self._engine.store.authorities.get(name)
        except NotFound:
            return None
        return Present(name, found.version, authority_fields(found))

    def wanted(self, document: Expanded, key: bytes, present: Present | None) -> Fields:
        """Return what is wanted."""
        self._engine.authorities.check(document.name)
        return authority_fields(document.settings_as(AuthoritySettings))

    def create(self, document: Expanded, object_id: str, also: Also) -> None:
        """Keep it."""
        self._engine.authorities.create(object_id, document.settings_as(AuthoritySettings), also)

    def change(self, document: Expanded, present: Present, also: Also) -> None:
        """Replace it."""
        self._engine.authorities.change(
            present.object_id, present.version, document.settings_as(AuthoritySettings), also
        )

    def delete(self, present: Present, also: Also) -> None:
        """Remove it, if nothing uses it."""
        self._engine.authorities.delete(present.object_id, also)
