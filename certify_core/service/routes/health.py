"""`/api/health`: whether the service works, what its health checks found, and mending what can be mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from certify_core import __version__
from certify_core.health.checkup import Repair, Report
from certify_core.health.watch import HealthWatch
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.recognition import SERVICE
from certify_core.service.routes.views import iso


class Wanted(BaseModel):
    """What is to be mended."""

    model_config = ConfigDict(extra="forbid")

    code: str | None = None
    """Only findings of this code; all that can be mended if there is none."""
    subject: str | None = None
    """Only findings about this."""


def router(watch: HealthWatch, instance: str, *, is_ready: Callable[[], bool]) -> APIRouter:
    """Return the routes; `is_ready` says whether the service does its work."""
    routes = APIRouter(prefix="/api/health", tags=["health"], route_class=StrictJsonRoute)

    @routes.get("")
    def health(response: Response) -> dict[str, Any]:
        """Say whether the service lives and works, to anybody; with 503 if it does not work."""
        ready = is_ready()
        response.status_code = 200 if ready else 503
        report = watch.report
        return {
            "service": SERVICE,
            "version": __version__,
            "instance": instance,
            "live": True,
            "ready": ready,
            "worst": report.worst if report else None,
        }

    @routes.get("/findings")
    def findings() -> dict[str, Any]:
        """Show what the health checks found last."""
        return _report(watch.report)

    @routes.post("/check")
    def check() -> dict[str, Any]:
        """Run every health check now and show what they find."""
        return _report(watch.checkup.run())

    @routes.post("/fix")
    def fix(wanted: Wanted) -> dict[str, Any]:
        """Mend what can be mended without harm, and look again."""
        repairs = watch.checkup.fix(wanted.code, wanted.subject)
        return {"repairs": [_repair(item) for item in repairs], **_report(watch.report)}

    return routes


def _report(report: Report | None) -> dict[str, Any]:
    return {
        "checked_at": iso(report.checked_at) if report else None,
        "worst": report.worst if report else None,
        "findings": [asdict(finding) for finding in report.findings] if report else [],
    }


def _repair(repair: Repair) -> dict[str, Any]:
    return {"code": repair.finding.code, "subject": repair.finding.subject, "fixed": repair.fixed, "told": repair.told}
