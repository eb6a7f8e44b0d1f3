"""The JSON Schema of configuration files (draft 2020-12), from the models and every installed plugin's parameters.

Editors complete and check with it. It says less than the service checks, never more: what a plugin's own validator
wants beyond types is found when the file is applied.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from certify_core.configuration.documents import MODELS, Kind
from certify_core.configuration.faults import models_in
from certify_core.configuration.references import FromCommand, FromCredential, FromEnvironment, FromFile
from certify_core.domain.settings import ChallengeSettings
from certify_core.plugins import Plugins

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFAULT_CHALLENGE = str(ChallengeSettings.model_fields["provider"].default)
_LOOKED_UP = (FromEnvironment, FromFile, FromCommand)


def json_schema(plugins: Plugins) -> Schema:
    """Return the schema of a file: one document, or a list of them."""
    definitions = _references()
    for kind, model in MODELS.items():
        definitions[kind.value] = _model_schema(model, definitions)
    _choices(definitions, plugins)
    document = {"anyOf": [_ref(kind.value) for kind in Kind]}
    return {
        "$schema": DIALECT,
        "title": "Certify configuration",
        "description": "Documents of `certify apply` and of the folder that the service watches.",
        "anyOf": [
            *document["anyOf"],
            {"type": "array", "items": document},
            {
                "type": "object",
                "properties": {"documents": {"type": "array", "items": document}},
                "required": ["documents"],
                "additionalProperties": False,
            },
        ],
        "$defs": definitions,
    }


def _references() -> Schema:
    definitions: Schema = {}
    for model in (FromCredential, *_LOOKED_UP):
        definitions[model.__name__] = _model_schema(model, definitions)
    looked_up = [_ref(model.__name__) for model in _LOOKED_UP]
    definitions["Secret"] = {
        "description": "Where a secret comes from; it is never written here.",
        "anyOf": [_ref("FromCredential"), *looked_up],
    }
    definitions["LookedUpSecret"] = {**definitions["Secret"], "anyOf": looked_up}
    return definitions


def _choices(definitions: Schema, plugins: Plugins) -> None:
    """Put what plugins take in the places where documents choose them."""
    challenges = {item.name: item.parameters for item in plugins.challenge_providers}
    targets = {item.name: item.parameters for item in plugins.deployment_targets}
    notifiers = {item.name: item.parameters for item in plugins.notifiers}
    needed = {}
    for name, model in {**notifiers, **targets, **challenges}.items():
        parameters = _parameters_schema(model, _parameters_of(name), definitions)
        needed[name] = parameters.pop("required", [])
        definitions[_parameters_of(name)] = parameters
    definitions["ChallengeSettings"] = {
        "anyOf": [_choice("provider", name, needed[name], optional=name == DEFAULT_CHALLENGE) for name in challenges]
    }
    use = {
        "type": "object",
        "properties": {"use": {"type": "string", "minLength": 1}, "parameters": {"type": "object"}},
        "required": ["use"],
        "additionalProperties": False,
    }
    definitions["DeploymentPlace"] = {"anyOf": [*(_choice("target", name, needed[name]) for name in targets), use]}
    shared = definitions[Kind.DEPLOYMENT.value]
    own = {name: shared["properties"][name] for name in ("kind", "name")}
    definitions[Kind.DEPLOYMENT.value] = {
        "description": shared["description"],
        "anyOf": [_choice("target", name, needed[name], more=own) for name in targets],
    }
    definitions[Kind.CREDENTIAL.value]["anyOf"] = [
        {"properties": {"provider": {"const": name}, "parameters": _ref(_parameters_of(name))}} for name in needed
    ]
    definitions["EabDocument"]["properties"]["hmac_key"] = _ref("LookedUpSecret")


def _choice(
    by: str, name: str, needed: list[str], *, optional: bool = False, more: Mapping[str, Schema] | None = None
) -> Schema:
    """Return how one plugin is chosen and given its parameters; a credential may have those that it needs."""
    own = more or {}
    schema: Schema = {
        "type": "object",
        "properties": {
            **own,
            by: {"const": name},
            "parameters": _ref(_parameters_of(name)),
            "credential": {"type": ["string", "null"], "description": "Id of a stored credential."},
        },
        "required": [*own, *(() if optional else (by,))],
        "additionalProperties": False,
    }
    if needed:
        there = {"parameters": {"required": needed}}
        schema["anyOf"] = [{"required": ["credential"]}, {"required": ["parameters"], "properties": there}]
    return schema


def _parameters_of(name: str) -> str:
    return f"{quote(name, safe='')}-parameters"


def _parameters_schema(model: type[BaseModel], name: str, definitions: Schema) -> Schema:
    schema = model.model_json_schema(ref_template=f"#/$defs/{quote(name)}-{{model}}")
    for inner, definition in schema.pop("$defs", {}).items():
        definitions[f"{name}-{inner}"] = _with_references(definition)
    found: Schema = _with_references(schema)
    return found


def _with_references(schema: Any) -> Any:
    """Return a schema in which every secret is where it comes from; an empty one may be written."""
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "password" and schema.get("writeOnly"):
        kept = {name: schema[name] for name in ("title", "description") if name in schema}
        return {**kept, "anyOf": [_ref("Secret"), {"const": ""}]}
    return {name: _with_references(item) for name, item in schema.items()}


def _model_schema(model: type[BaseModel], definitions: Schema) -> Schema:
    """Return the schema of one of our own models, with what its source says about each field."""
    schema = model.model_json_schema(ref_template="#/$defs/{model}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions.setdefault(name, definition)
    _describe(schema, model)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            _describe(definitions[inner.__name__], inner)
    if "kind" in schema["properties"]:
        schema["required"] = list(dict.fromkeys(["kind", *schema.get("required", ())]))
    return schema


def _describe(schema: Schema, model: type[BaseModel]) -> None:
    said = _descriptions(model)
    for name, definition in schema.get("properties", {}).items():
        if name in said:
            definition.setdefault("description", said[name])


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the texts below the fields in a model's source and its bases'; none where there is no source."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not (issubclass(each, BaseModel) and each.__module__.startswith("certify_core.")):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(each)))
        except OSError:
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for before, after in pairwise(body):
            if not (isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)):
                continue
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                found[before.target.id] = " ".join(str(after.value.value).split())
    return found


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{quote(name)}"}
