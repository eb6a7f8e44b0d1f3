"""`/api/managedcertificates/{id}/…`: deploy again, see beforehand what that would do, and see whether it is served."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from certify_core.domain.certificate import DeploymentStatus
from certify_core.engine.engine import Engine
from certify_core.errors import NotFound
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.operations import Operations
from certify_core.service.patient import in_own_thread
from certify_core.service.routes.views import Started, plan_document, verification_document


class DeploymentWish(BaseModel):
    """Which deployments are meant; the body may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deployments: tuple[str, ...] = ()
    """Ids of deployments of the managed certificate; all of them if none is given."""


def router(engine: Engine, operations: Operations) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/managedcertificates", tags=["deployments"], route_class=StrictJsonRoute)

    @routes.get("/{certificate_id}/plan")
    def plan(certificate_id: str) -> dict[str, list[Any]]:
        """Show what deploying the current certificate would change; nothing is changed."""
        return {"deployments": [plan_document(item) for item in engine.inspections.plan(certificate_id)]}

    @routes.post("/{certificate_id}/deploy", status_code=202)
    def deploy(certificate_id: str, wish: DeploymentWish | None = None) -> Started:
        """Deploy the current certificate again now; watch the operation to see how it goes."""
        wanted = wish.deployments if wish else ()
        with operations.started(certificate_id) as operation:
            operation.succeeds_if = lambda _: _are_deployed(engine, certificate_id, wanted)
            engine.redeployments.want(certificate_id, wanted, operation.accept)
        return Started(
            operation=operation.id,
            certificate_id=certificate_id,
            events=f"/api/operations/{operation.id}/events",
        )

    @routes.post("/{certificate_id}/verify")
    async def verify(certificate_id: str, wish: DeploymentWish | None = None) -> dict[str, Any]:
        """Say whether the current certificate is served everywhere; nothing is changed."""
        wanted = wish.deployments if wish else ()
        seen = await in_own_thread(lambda: engine.inspections.verify(certificate_id, wanted))
        return {
            "verified": all(item.failure is None for item in seen),
            "deployments": [verification_document(item) for item in seen],
        }

    return routes


def _are_deployed(engine: Engine, certificate_id: str, deployments: tuple[str, ...]) -> bool:
    """Whether these are in place now, whatever else may be wrong with the certificate."""
    try:
        chosen = engine.store.certificates.get(certificate_id).chosen(deployments)
    except NotFound:
        return False
    return all(item.status is DeploymentStatus.DEPLOYED for item in chosen)
