"""The API's description of itself: besides the routes how errors look, and what opens which operation."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from certify_core.configuration.sources import Problem as DocumentProblem
from certify_core.domain.failure import FailureClass
from certify_core.service.problems import MEDIA_TYPE
from certify_core.service.roles import OPEN

_PROBLEM = {
    "description": "What went wrong, and what to do about it",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TOKEN = {"type": "http", "scheme": "bearer"}


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    title: str
    status: int
    detail: str
    """The cause."""
    remedy: str
    failure_class: FailureClass
    field: str = ""
    """The field that is wrong, where one is."""
    problems: list[DocumentProblem] = []
    """All that is wrong with documents, where it is about those."""


def describe(app: FastAPI) -> None:
    """Have the app describe itself so."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as the framework's manual says: "Extending OpenAPI"


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # errors look otherwise here
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/Problem/$defs/{model}")
    components["securitySchemes"] = {"token": _TOKEN}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
            operation["security"] = [] if (method.upper(), path) in OPEN else [{"token": []}]
    return schema
