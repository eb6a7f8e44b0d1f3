"""Secret parameters of plugins: sealed before they are stored, shown as a mask, opened only for the plugin itself.

A parameter is secret when the plugin's model says `SecretStr` anywhere in its type: then the whole of it is sealed. In
stored settings it is `{"sealed": "<base64>"}`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import typing
from collections.abc import Mapping

import orjson
from pydantic import BaseModel, JsonValue, SecretBytes, SecretStr

from certify_core.domain.settings import CertificateSettings
from certify_core.errors import InvalidInput
from certify_core.store.secrets import PARAMETER, Vault

MASK = "********"
_SEALED = "sealed"
_DIGEST = "digest"


def secret_fields(model: type[BaseModel]) -> set[str]:
    """Return the names of a model's secret parameters."""
    fields = model.model_fields.items()
    secret = [(name, field) for name, field in fields if holds_secret(field.annotation)]
    return {
        key for name, field in secret for key in (name, field.alias, field.validation_alias) if isinstance(key, str)
    }


def holds_secret(annotation: object, seen: tuple[object, ...] = ()) -> bool:
    """Whether a parameter of this type has a secret anywhere in it."""
    if annotation in (SecretStr, SecretBytes):
        return True
    parts = typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        parts = tuple(field.annotation for field in annotation.model_fields.values())
    return any(holds_secret(part, (*seen, annotation)) for part in parts)


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
        InvalidInput: the mask was given and there is no current secret, or a secret that is sealed already.
    """
    sealed = dict(parameters)
    for name, value in parameters.items():
        if _is_sealed(value):
            raise InvalidInput(f"{field}.{name}", "A secret cannot be given sealed.", "Give the secret itself.")
    for name in secret_fields(model) & sealed.keys():
        if sealed[name] == MASK:
            if name not in current:
                raise InvalidInput(f"{field}.{name}", "The mask is not a secret.", "Give the secret itself.")
            sealed[name] = current[name]
        elif sealed[name]:
            secret = vault.seal(orjson.dumps(sealed[name]), PARAMETER)
            sealed[name] = {_SEALED: base64.b64encode(secret).decode()}
    return sealed


def opened(vault: Vault, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the parameters with every secret readable: for the plugin's own model alone."""
    return {
        name: orjson.loads(vault.unseal(base64.b64decode(value[_SEALED]), PARAMETER)) if _is_sealed(value) else value
        for name, value in parameters.items()
    }


def masked(settings: CertificateSettings) -> dict[str, JsonValue]:
    """Return settings as JSON for people and API: secrets show as a mask."""
    document = settings.model_dump(mode="json")
    for holder in (document["challenge"], *document["deployments"]):
        holder["parameters"] = masked_parameters(holder["parameters"])
    return document


def masked_parameters(parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return parameters for people and API: secrets show as a mask."""
    return {name: MASK if _is_sealed(value) else value for name, value in parameters.items()}


def digested(vault: Vault, parameters: Mapping[str, JsonValue], key: bytes) -> dict[str, JsonValue]:
    """Return parameters by which changes are noticed: of a secret the digest under a key, as ``{"digest": "…"}``."""
    readable = opened(vault, parameters)
    return {
        name: {_DIGEST: hmac.new(key, orjson.dumps(readable[name]), hashlib.sha256).hexdigest()}
        if _is_sealed(value)
        else value
        for name, value in parameters.items()
    }


def is_digest(value: JsonValue) -> bool:
    """Whether this stands for a secret."""
    return isinstance(value, dict) and value.keys() == {_DIGEST}


def _is_sealed(value: JsonValue) -> typing.TypeGuard[dict[str, str]]:
    return isinstance(value, dict) and value.keys() == {_SEALED}
