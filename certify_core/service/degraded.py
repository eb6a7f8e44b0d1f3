"""The API of a service that could not start: it says why, to everybody that it is so, and to who has the token in full.

Everything else is answered with 503, cause and remedy; as soon as the cause is gone the whole API takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import cast

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from certify_core import __version__
from certify_core.errors import LocalFault
from certify_core.health.watch import HealthWatch
from certify_core.service import problems
from certify_core.service.access import Access
from certify_core.service.audit import Audit, Trail
from certify_core.service.guard import Guard
from certify_core.service.routes import config, health, metrics
from certify_core.store.tokens import Tokens


def make_degraded_app(
    watch: HealthWatch,
    instance: str,
    token: str,
    data_dir: Path,
    obstacle: Callable[[], LocalFault],
    trail: Trail,
    names: Collection[str] = (),
) -> ASGIApp:
    """Return the API that is left; `obstacle` says why there is no more, `trail` takes what is done.

    `names` are those by which it is called besides the loopback's.
    """
    app = FastAPI(title="Certify", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(health.router(watch, instance, is_ready=lambda: False))
    app.include_router(config.router(data_dir))
    app.include_router(metrics.router(watch, lambda: None))

    routes = APIRouter()

    @routes.get("/api/system/appversion")
    def appversion() -> str:
        """Say the version, to anybody."""
        return __version__

    @routes.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def refuse() -> None:
        """Say why there is no answer."""
        raise obstacle()

    app.include_router(routes)
    return Guard(Audit(app, trail), Access(token, cast(Tokens, _NoTokens())), names)


class _NoTokens:
    """Tokens are in the database: nobody has one while it cannot be read."""

    def find(self, digest: str, now: float) -> None:
        """Know none."""
