"""The API as an ASGI app: routes, errors and the guard in front."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from certify_core import __version__
from certify_core.engine.engine import Engine
from certify_core.service import problems
from certify_core.service.guard import Guard
from certify_core.service.operations import Operations
from certify_core.service.routes import (
    accounts,
    certificates,
    credentials,
    limits,
    operations,
    revocations,
    secrets,
    system,
)


def make_app(engine: Engine, token: str) -> ASGIApp:
    """Return the API of an engine, open to who has the token."""
    app = FastAPI(
        title="Certify",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    work = Operations(engine.events)
    app.include_router(system.router(engine))
    app.include_router(certificates.router(engine, work))
    app.include_router(revocations.router(engine, work))
    app.include_router(accounts.router(engine))
    app.include_router(operations.router(work))
    app.include_router(limits.router(engine))
    app.include_router(credentials.router(engine))
    app.include_router(secrets.router(engine.store))
    return Guard(app, token)
