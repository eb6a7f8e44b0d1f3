"""What plugins ask for, told by their own parameter models: for help, completion and forms, a third party's alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, JsonValue
from pydantic.errors import PydanticUserError

from certify_core.contracts import ChallengeProvider, DeploymentTarget, Notifier
from certify_core.engine.parameters import secret_fields
from certify_core.plugins import Plugins

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "JSON object",
    "null": "nothing",
}
_FORMATS = {"path": "path", "directory-path": "folder", "file-path": "file", "uri": "URL", "password": "text"}


@dataclass(frozen=True, slots=True)
class DescribedParameter:
    """One thing that a plugin asks for."""

    name: str
    type: str
    """In words, such as ``whole number, 1 to 65535`` or ``aes256 or legacy``."""
    required: bool
    default: JsonValue
    """None too where there is none."""
    secret: bool
    """Whether it is kept sealed and shown to nobody."""
    meaning: str


@dataclass(frozen=True, slots=True)
class DescribedProvider:
    """One thing that settings choose by its name."""

    kind: str
    """``deployment target``, ``challenge provider`` or ``notifier``."""
    name: str
    title: str
    parameters: tuple[DescribedParameter, ...]


def describe_providers(plugins: Plugins) -> list[DescribedProvider]:
    """Return everything that is chosen by name and asks for parameters."""
    kinds: dict[str, Iterable[DeploymentTarget | ChallengeProvider | Notifier]] = {
        "deployment target": plugins.deployment_targets,
        "challenge provider": plugins.challenge_providers,
        "notifier": plugins.notifiers,
    }
    return [
        DescribedProvider(kind, item.name, item.title, tuple(_parameters(item.parameters)))
        for kind, items in kinds.items()
        for item in items
    ]


def _parameters(model: type[BaseModel]) -> Iterator[DescribedParameter]:
    secret = secret_fields(model)
    try:
        schema = model.model_json_schema()
    except PydanticUserError:  # a type of the plugin's own, which JSON does not know
        schema = {
            "properties": {name: {"description": field.description} for name, field in model.model_fields.items()}
        }
    required = set(schema.get("required", ()))
    for name, item in schema.get("properties", {}).items():
        yield DescribedParameter(
            name=name,
            type=_words(item, schema.get("$defs", {})),
            required=name in required,
            default=None if name in secret else item.get("default"),
            secret=name in secret,
            meaning=" ".join((item.get("description") or "").split()),
        )


def _words(item: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return a type of JSON Schema in words."""
    if "$ref" in item:
        return _words(definitions.get(item["$ref"].rpartition("/")[2], {}), definitions)
    if "const" in item:
        return str(item["const"])
    if "enum" in item:
        return " or ".join(str(value) for value in item["enum"])
    if alternatives := item.get("anyOf") or item.get("oneOf") or item.get("allOf"):
        words = [_words(one, definitions) for one in alternatives if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if item.get("type") == "array":
        return f"list of {_words(item.get('items', {}), definitions)}"
    return _FORMATS.get(item.get("format", ""), _WORDS.get(item.get("type", ""), "value")) + _range(item)


def _range(item: dict[str, Any]) -> str:
    least, most = item.get("minimum"), item.get("maximum")
    if least is not None and most is not None:
        return f", {least:g} to {most:g}"
    if most is not None:
        over = item.get("exclusiveMinimum")
        return f", up to {most:g}" if over is None else f", over {over:g}, up to {most:g}"
    return "" if least is None else f", {least:g} or more"
