"""Sees to it that secrets, and they alone, are given by where they come from."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, JsonValue

from certify_core.configuration.references import HOW, is_reference, references_in
from certify_core.engine.parameters import holds_secret

Fault = tuple[str, str, str]
"""The path of a field, what is wrong with it, and the remedy."""


def misplaced(model: type[BaseModel], parameters: Mapping[str, JsonValue], path: str) -> Iterator[Fault]:
    """Yield every secret that is written out, and everything that is said to be one and is not."""
    annotations = annotations_of(model)
    for name, value in parameters.items():
        where = f"{path}.{name}"
        if name not in annotations:
            continue  # the parameter does not exist, which is told by whoever knows all of them
        if holds_secret(annotations[name]):
            for literal in _literals(annotations[name], value, where):
                yield literal, f"{literal} is a secret, and secrets are not written in files.", HOW
        else:
            for found, _ in references_in(value, where, holds=True):
                yield found, f"{found} is no secret.", "Write the value itself."


def annotations_of(model: type[BaseModel]) -> dict[str, object]:
    """Return the types of a model's fields, by all names that they have."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        for key in (name, field.alias, field.validation_alias):
            if isinstance(key, str):
                found[key] = field.annotation
    return found


def _literals(annotation: object, value: JsonValue, path: str) -> Iterator[str]:
    if is_reference(value) or value in (None, "") or not holds_secret(annotation):
        return
    if isinstance(value, dict):
        types = annotations_of(annotation) if _is_model(annotation) else {}
        for name, item in value.items():
            for part in (types[name],) if name in types else _parts(annotation):
                yield from _literals(part, item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for part in _parts(annotation):
                yield from _literals(part, item, f"{path}.{index}")
    else:
        yield path


def _parts(annotation: object) -> tuple[object, ...]:
    """Return what holds the secret in a type such as `list[SecretStr]` or `SecretStr | None`; itself if it is one."""
    return typing.get_args(annotation) or (annotation,)


def _is_model(annotation: object) -> typing.TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
