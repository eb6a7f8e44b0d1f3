"""Secret parameters of plugins: sealed before they are stored, shown as a mask, opened only for the plugin itself.

A parameter is secret when the plugin's model says `SecretStr`. In stored settings it is `{"sealed": "<base64>"}`.
"""

from __future__ import annotations

import base64
import typing
from collections.abc import Mapping

from pydantic import BaseModel, JsonValue, SecretStr

from certify_core.domain.settings import CertificateSettings
from certify_core.errors import InvalidInput
from certify_core.store.secrets import Vault

MASK = "********"
_SEALED = "sealed"
_PURPOSE = "parameter"


def secret_fields(model: type[BaseModel]) -> set[str]:
    """Return the names of a model's secret parameters."""
    return {
        name
        for name, field in model.model_fields.items()
        if field.annotation is SecretStr or SecretStr in typing.get_args(field.annotation)
    }


def seal(
    vault: Vault,
    model: type[BaseModel],
    parameters: Mapping[str, JsonValue],
    current: Mapping[str, JsonValue],
    *,
    field: str,
) -> dict[str, JsonValue]:
    """Return the parameters with every secret sealed; the mask stands for the `current` secret.

    Raises:
        InvalidInput: the mask was given and there is no current secret.
    """
    sealed = dict(parameters)
    for name in secret_fields(model) & sealed.keys():
        value = sealed[name]
        if value == MASK:
            if name not in current:
                raise InvalidInput(f"{field}.{name}", "The mask is not a secret.", "Give the secret itself.")
            sealed[name] = current[name]
        elif isinstance(value, str) and value:
            secret = base64.b64encode(vault.seal(value.encode(), _PURPOSE)).decode()
            sealed[name] = {_SEALED: secret}
    return sealed


def opened(vault: Vault, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the parameters with every secret readable: for the plugin's own model alone."""
    return {
        name: vault.unseal(base64.b64decode(value[_SEALED]), _PURPOSE).decode() if _is_sealed(value) else value
        for name, value in parameters.items()
    }


def masked(settings: CertificateSettings) -> dict[str, JsonValue]:
    """Return settings as JSON for people and API: secrets show as a mask."""
    document = settings.model_dump(mode="json")
    for holder in (document["challenge"], *document["deployments"]):
        holder["parameters"] = {
            name: MASK if _is_sealed(value) else value for name, value in holder["parameters"].items()
        }
    return document


def _is_sealed(value: JsonValue) -> typing.TypeGuard[dict[str, str]]:
    return isinstance(value, dict) and value.keys() == {_SEALED}
