"""What settings will mean once everything is applied: what is only being made counts too."""

from __future__ import annotations

from collections.abc import Sequence

from certify_core.configuration.documents import Kind
from certify_core.configuration.expanding import Expanded
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import Credential, CredentialSettings
from certify_core.engine.authorities import as_authority
from certify_core.engine.credentials import Credentials
from certify_core.engine.engine import Engine
from certify_core.engine.wanted import Wanted
from certify_core.errors import InvalidInput


class _PlannedCredentials:
    """The credentials as they will be."""

    def __init__(self, stored: Credentials, planned: dict[str, Credential]) -> None:
        self._stored = stored
        self._planned = planned

    def get(self, credential_id: str, /) -> Credential:
        """Return one.

        Raises:
            NotFound: there is none.
        """
        return self._planned.get(credential_id) or self._stored.get(credential_id)


def planned_settings(engine: Engine, wanted: Sequence[Expanded]) -> Wanted:
    """Return what checks settings as if all documents were applied; those that are wrong count as not there."""
    credentials = {
        item.name: credential
        for item in wanted
        if item.kind is Kind.CREDENTIAL and (credential := _credential(engine, item)) is not None
    }
    stored = {item.id: as_authority(item.id, item) for item in engine.store.authorities.all()}
    planned = {
        item.name: as_authority(item.name, item.settings_as(AuthoritySettings))
        for item in wanted
        if item.kind is Kind.AUTHORITY
    }
    authorities = engine.plugins.authorities.keeping((stored | planned).values())
    store = engine.store
    return Wanted(engine.plugins, store.vault, _PlannedCredentials(store.credentials, credentials), authorities)


def _credential(engine: Engine, document: Expanded) -> Credential | None:
    try:
        checked = engine.credentials.checked(document.settings_as(CredentialSettings), {})
    except InvalidInput:
        return None
    fields = checked.model_dump(include=set(CredentialSettings.model_fields))
    return Credential(**fields, id=document.name, version=1, created_at=0.0, updated_at=0.0)
