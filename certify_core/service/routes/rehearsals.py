"""`/api/managedcertificates/test` and `…/{id}/test`: whether a certificate could be had, tried at no cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StrictBool

from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.engine.rehearsals import Outcome, Step
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.patient import in_own_thread
from certify_core.service.routes.views import failure_document


class RehearsalWish(BaseModel):
    """What is tried; the body may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: StrictBool = False
    """Whether a certificate is ordered at the authority for tests, if one is known."""


class NewRehearsal(RehearsalWish):
    """What is tried before it is wanted."""

    settings: CertificateSettings


def router(engine: Engine) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/managedcertificates", tags=["managed certificates"], route_class=StrictJsonRoute)
    rehearsals = engine.rehearsals

    @routes.post("/test")
    async def test_settings(wish: NewRehearsal) -> dict[str, Any]:
        """Try whether a certificate could be had and deployed, and keep nothing of it."""
        return _document(await in_own_thread(lambda: rehearsals.of_settings(wish.settings, order=wish.order)))

    @routes.post("/{certificate_id}/test")
    async def test(certificate_id: str, wish: RehearsalWish | None = None) -> dict[str, Any]:
        """Try whether a managed certificate could be renewed and deployed; nothing is changed."""
        order = wish is not None and wish.order
        return _document(await in_own_thread(lambda: rehearsals.of_certificate(certificate_id, order=order)))

    return routes


def _document(steps: Sequence[Step]) -> dict[str, Any]:
    outcomes = {step.outcome for step in steps}
    worst = next((item for item in (Outcome.FAILED, Outcome.WARNING) if item in outcomes), Outcome.PASSED)
    return {
        "outcome": worst.value,
        "steps": [
            {
                "name": step.name,
                "outcome": step.outcome.value,
                "told": step.told,
                "failure": failure_document(step.failure),
            }
            for step in steps
        ],
    }
