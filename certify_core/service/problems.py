"""Errors as answers: problem details (RFC 9457) that carry class, cause and remedy, and the field that is wrong."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from certify_core.domain.failure import FailureClass
from certify_core.errors import CertifyError, Conflict, InvalidInput, NotFound

MEDIA_TYPE = "application/problem+json"

_STATUS_OF_ERROR: dict[type[CertifyError], int] = {InvalidInput: 422, NotFound: 404, Conflict: 409}
_STATUS_OF_CLASS = {
    FailureClass.USER: 422,
    FailureClass.POLICY: 422,
    FailureClass.AUTHORITY: 502,
    FailureClass.LIMIT: 429,
    FailureClass.PROTOCOL: 502,
    FailureClass.LOCAL: 503,
}


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem document."""
    app.add_exception_handler(CertifyError, _certify_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def invalid_input(error: ValidationError | RequestValidationError, *, prefix: str = "") -> InvalidInput:
    """Return the first thing that a model refused, with the path of its field."""
    first: dict[str, Any] = dict(error.errors()[0])
    location = first["loc"][1:] if first["loc"] and first["loc"][0] in {"body", "query", "path"} else first["loc"]
    field = ".".join(str(part) for part in (*((prefix,) if prefix else ()), *location)) or "body"
    raised = first.get("ctx", {}).get("error")
    if isinstance(raised, InvalidInput):
        return InvalidInput(field, raised.cause, raised.remedy)
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


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these alone
    body = {"title": "Refused", "status": error.status_code, "detail": f"{error.detail}.", "remedy": ""}
    return _problem(body, dict(error.headers or {}))


def _problem(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body), body["status"], headers, MEDIA_TYPE)
