"""`/api/system/config`: the service's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import JsonValue

from certify_core.errors import InvalidInput
from certify_core.service.config import change_settings, described, read_configuration
from certify_core.service.json_body import StrictJsonRoute


def router(data_dir: Path) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/system/config", tags=["system"], route_class=StrictJsonRoute)

    @routes.get("")
    def show() -> dict[str, Any]:
        """Show every setting as it holds from the next start, where it comes from, and what is wrong with the files."""
        configuration = read_configuration(data_dir)
        return {
            "settings": described(configuration),
            "problems": [_problem(problem) for problem in configuration.problems],
        }

    @routes.patch("")
    def change(settings: dict[str, JsonValue]) -> dict[str, Any]:
        """Write settings into serviceconfig.json; null takes one out. They hold from the next start."""
        change_settings(data_dir, settings)
        return show()

    return routes


def _problem(problem: InvalidInput) -> dict[str, str]:
    return {"field": problem.field, "detail": problem.cause, "remedy": problem.remedy}
