"""`/api/managedcertificates/{id}/revoke`: revoke a certificate, and see how far that has come."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from certify_core.domain.revocation import RevocationReason, RevocationState
from certify_core.engine.engine import Engine
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.operations import Operations
from certify_core.service.routes.views import revocation_document


class RevocationWish(BaseModel):
    """A certificate to be revoked."""

    model_config = ConfigDict(extra="forbid")

    reason: RevocationReason = RevocationReason.UNSPECIFIED
    serial: str | None = None
    """The serial number, in hex, of an earlier certificate; the current one if not given."""
    renew: bool = True
    """Whether the current certificate is then requested anew; with ``keyCompromise`` it is in any case."""


def router(engine: Engine, operations: Operations) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/managedcertificates", tags=["revocations"], route_class=StrictJsonRoute)

    @routes.post("/{certificate_id}/revoke", responses={202: {"description": "Wanted; it is tried again"}})
    def revoke(certificate_id: str, wish: RevocationWish, response: Response) -> dict[str, Any]:
        """Revoke a certificate, for good; `operation` follows the request for a new one, if there is one."""
        with operations.started(certificate_id) as operation:
            revocation = engine.revoke(
                certificate_id, wish.reason, wish.serial, renew=wish.renew, accepted=operation.accept
            )
        if revocation.state is RevocationState.WANTED:
            response.status_code = 202
        return {**revocation_document(revocation), "operation": operation.id if operation.accepted else None}

    return routes
