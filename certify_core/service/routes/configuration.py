"""`/api/configuration`: plan and apply what files say, and export what would be said; `/api/schema`: how they look."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from certify_core.configuration.applying import Applied, Configuration, Wishes
from certify_core.configuration.sources import ExportedFile
from certify_core.engine.engine import Engine
from certify_core.service.json_body import StrictJsonRoute


def router(engine: Engine, configuration: Configuration) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api", tags=["configuration"], route_class=StrictJsonRoute)

    @routes.post("/configuration/plan")
    def plan(wishes: Wishes) -> Applied:
        """Say what applying documents would do; nothing is changed."""
        return configuration.plan(wishes)

    @routes.post("/configuration/apply")
    def apply(wishes: Wishes) -> Applied:
        """Make it as documents say; a step that is a conflict or fails says so and harms no other."""
        return configuration.apply(wishes)

    @routes.get("/configuration/export")
    def export_all() -> dict[str, list[ExportedFile]]:
        """Show everything that is wanted as the files that would make it; no secret is in them."""
        from certify_core.configuration.exporting import export

        return {"files": export(engine)}

    @routes.get("/schema")
    def schema() -> dict[str, Any]:
        """Show the JSON Schema of such files, with the parameters of all installed plugins."""
        from certify_core.configuration.schema import json_schema

        return json_schema(engine.plugins)

    return routes
