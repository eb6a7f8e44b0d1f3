"""The API as an ASGI app: routes, errors and the guard in front."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from certify_core import __version__
from certify_core.health.watch import HealthWatch
from certify_core.service import problems
from certify_core.service.access import Access
from certify_core.service.audit import Audit
from certify_core.service.guard import Guard
from certify_core.service.handshakes import Handshakes
from certify_core.service.openapi import describe
from certify_core.service.operations import Operations
from certify_core.service.routes import (
    accounts,
    audit,
    certificates,
    config,
    configuration,
    credentials,
    database,
    deployments,
    health,
    limits,
    metrics,
    negotiate,
    notifications,
    operations,
    rehearsals,
    revocations,
    secrets,
    signin,
    system,
    tokens,
    transfer,
)
from certify_core.service.upkeep import Act
from certify_core.service.works import Works


def make_app(
    works: Works,
    token: str,
    watch: HealthWatch,
    instance: str,
    data_dir: Path,
    while_closed: Callable[[Act], None],
    names: Collection[str] = (),
) -> ASGIApp:
    """Return the API of what a service works with, open to its owner, who has `token`, and to whom he lets in.

    `instance` tells this process from others that answer in its place; `while_closed` has something done to the store
    between two openings; `names` are those by which it is called besides the loopback's.
    """
    engine = works.engine
    app = FastAPI(
        title="Certify",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    describe(app)
    work = Operations(engine.events, engine.correlations.begin)
    app.include_router(system.router(engine))
    app.include_router(certificates.router(engine, work))
    app.include_router(deployments.router(engine, work))
    app.include_router(rehearsals.router(engine))
    app.include_router(revocations.router(engine, work))
    app.include_router(accounts.router(engine))
    app.include_router(operations.router(work))
    app.include_router(limits.router(engine))
    app.include_router(credentials.router(engine))
    app.include_router(notifications.router(engine.store, works.channels))
    app.include_router(configuration.router(engine, works.configuration))
    app.include_router(secrets.router(engine.store))
    app.include_router(database.router(works.upkeep, while_closed))
    app.include_router(transfer.router(works.gathering, works.importer, works.csv_importer))
    app.include_router(health.router(watch, instance, is_ready=lambda: True))
    app.include_router(config.router(data_dir))
    app.include_router(metrics.router(watch, lambda: engine.store))
    access = Access(token, engine.store.tokens)
    app.include_router(signin.router(access))
    app.include_router(negotiate.router(access, Handshakes(engine.plugins.sign_ins)))
    app.include_router(tokens.router(access, engine.store.tokens))
    app.include_router(audit.router(engine.store.audit))
    return Guard(Audit(app, engine.store.audit), access, names)
