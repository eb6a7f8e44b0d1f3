"""Settings as fields that can be compared: one value for each path, and of every secret a digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from certify_core.configuration.plan import Fields
from certify_core.domain.authority import AuthoritySettings
from certify_core.domain.credential import CredentialSettings
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.parameters import digested, is_digest
from certify_core.store.secrets import Vault


def certificate_fields(vault: Vault, settings: CertificateSettings, key: bytes) -> Fields:
    """Return the fields of stored settings."""
    document: dict[str, Any] = settings.model_dump(mode="json")
    document["name"] = settings.title
    for holder in (document["challenge"], *document["deployments"]):
        holder["parameters"] = digested(vault, holder["parameters"], key)
    return dict(_flat(document))


def credential_fields(vault: Vault, settings: CredentialSettings, key: bytes) -> Fields:
    """Return the fields of a stored credential."""
    document: dict[str, Any] = settings.model_dump(mode="json", include=set(CredentialSettings.model_fields))
    document["parameters"] = digested(vault, document["parameters"], key)
    return dict(_flat(document))


def authority_fields(settings: AuthoritySettings) -> Fields:
    """Return the fields of an authority."""
    return dict(_flat(settings.model_dump(mode="json", include=set(AuthoritySettings.model_fields))))


def _flat(value: Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, item in value.items():
        where = f"{path}{name}"
        if isinstance(item, dict) and not is_digest(item):
            yield from _flat(item, f"{where}.")
        elif isinstance(item, list) and item and all(isinstance(part, dict) for part in item):
            yield from _flat({str(index): part for index, part in enumerate(item)}, f"{where}.")
        else:
            yield where, item or None if isinstance(item, list) else item
