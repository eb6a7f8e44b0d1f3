"""What a model refused, in words for people who write files."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ValidationError

from certify_core.configuration.secrecy import Fault, annotations_of


def faults_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    """Yield everything that is wrong, each with the path of its field."""
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        location = each["loc"]
        path = ".".join(str(part) for part in location)
        if each["type"] == "extra_forbidden":
            yield _unknown(path, list(_fields_at(model, location[:-1])))
        elif each["type"] == "missing":
            yield path, f"{path} is missing.", "Add it."
        else:
            message = each["msg"].removeprefix("Value error, ")
            yield path, f"{path}: {message}." if path else f"{message}.", ""


def _unknown(path: str, known: list[str]) -> Fault:
    near = difflib.get_close_matches(path.rpartition(".")[2], known, n=1)
    remedy = f"Do you mean {near[0]}?" if near else f"Known: {', '.join(known)}." if known else "Remove it."
    return path, f"There is no field {path}.", remedy


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> Iterator[str]:
    """Yield the names of the fields of the model at a place in another one."""
    if not location:
        yield from model.model_fields
        return
    name, *rest = location
    if isinstance(name, int):
        yield from _fields_at(model, rest)
        return
    for inner in models_in(annotations_of(model).get(name)):
        yield from _fields_at(inner, rest)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models in a type such as `tuple[Place, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models_in(part)
