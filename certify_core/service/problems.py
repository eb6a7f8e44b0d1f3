"""Errors as answers: problem details (RFC 9457) that carry class, cause and remedy, and the field that is wrong."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from certify_core.domain.failure import FailureClass
from certify_core.errors import AccessRefused, CertifyError, Conflict, InvalidInput, NotFound
from certify_core.service.roles import fits

MEDIA_TYPE = "application/problem+json"

_STATUS_OF_ERROR: dict[type[CertifyError], int] = {InvalidInput: 422, AccessRefused: 401, NotFound: 404, Conflict: 409}
_STATUS_OF_CLASS = {
    FailureClass.USER: 422,
    FailureClass.POLICY: 422,
    FailureClass.AUTHORITY: 502,
    FailureClass.LIMIT: 429,
    FailureClass.PROTOCOL: 502,
    FailureClass.LOCAL: 503,
}
_SEND_JSON = "Send a JSON object, with the header 'Content-Type: application/json'."


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem document."""
    app.add_exception_handler(CertifyError, _certify_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def invalid_input(error: ValidationError | RequestValidationError) -> InvalidInput:
    """Return the first thing that a model refused, with the path of its field: in the body, the query or settings."""
    first: dict[str, Any] = dict(error.errors()[0])
    if first["type"] == "json_invalid":
        return InvalidInput("body", f"The body is not JSON: {first['ctx']['error']}.", _SEND_JSON)
    location = first["loc"][1:] if first["loc"][0] in {"body", "query", "path"} else first["loc"]
    if not location:
        return InvalidInput("body", "The body is not a JSON object.", _SEND_JSON)
    field = ".".join(str(part) for part in location)
    message = first["msg"].removeprefix("Value error, ")
    return InvalidInput(field, f"{field}: {message}.", "See /api/openapi.json for what is expected.")


def _certify_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, CertifyError)  # noqa: S101 - registered for these alone
    status = _STATUS_OF_ERROR.get(type(error)) or _STATUS_OF_CLASS[error.failure_class]
    body: dict[str, Any] = {
        "title": type(error).__name__,
        "status": status,
        "detail": error.cause,
        "remedy": error.remedy,
        "failure_class": error.failure_class,
    }
    headers = {}
    if isinstance(error, InvalidInput):
        body["field"] = error.field
    if error.retry_after is not None:
        headers["Retry-After"] = str(int(error.retry_after) + 1)
    return _problem(body, headers)


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these alone
    return _certify_error(request, invalid_input(error))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these alone
    body = {
        "title": "Refused",
        "status": error.status_code,
        "detail": f"{request.method} {request.url.path}: {error.detail}.",
        "remedy": "See /api/openapi.json for all paths and their methods.",
        "failure_class": FailureClass.USER,
    }
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return _problem(body, headers)


def _methods(request: Request) -> list[str]:
    """Return all methods of a path (RFC 9110 section 10.2.1); the framework names those of its first route alone.

    Where several templates fit, the one with the fewest parameters is meant (OpenAPI 3.1 section 4.8.8.2).
    """
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    segments = request.url.path.split("/")
    fitting = [template for template in paths if fits(template.split("/"), segments)]
    if fitting:
        return sorted(method.upper() for method in paths[min(fitting, key=lambda template: template.count("{"))])
    # Tried and not read from the routes: newer releases of the framework hide those of a router behind one route.
    return [method for method in HTTPMethod if _is_known(request, method)]


def _is_known(request: Request, method: HTTPMethod) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def _unexpected_error(_: Request, error: Exception) -> Response:
    # Not the error's own text: that of a stranger's error may hold a secret. The connection is closed, because the
    # server does so after what it takes for a fault of its own.
    body = {
        "title": "Unexpected",
        "status": 500,
        "detail": f"The service met an unexpected {type(error).__name__}.",
        "remedy": "See logs/service.exceptions.log in the data folder for the whole trace.",
        "failure_class": FailureClass.LOCAL,
    }
    return _problem(body, {"Connection": "close"})


def _problem(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body), body["status"], headers, MEDIA_TYPE)
