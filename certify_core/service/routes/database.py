"""`/api/database`: checks, backups and recovery of the store, where it is one that Certify looks after."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from starlette.background import BackgroundTask

from certify_core.care import ExportForm
from certify_core.errors import NotFound
from certify_core.service.care_views import backup_view, recovery_view, report_view
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.upkeep import Act, Upkeep


class Restoring(BaseModel):
    """Which backup is to be put back."""

    model_config = ConfigDict(extra="forbid")

    backup: str
    """Its id."""


class Recovering(BaseModel):
    """That the database is to be replaced by the best one that can be made."""

    model_config = ConfigDict(extra="forbid")

    confirm: Literal[True]


def router(upkeep: Upkeep, while_closed: Callable[[Act], None]) -> APIRouter:
    """Return the routes; `while_closed` has something done to the store between two openings, and returns at once."""
    routes = APIRouter(prefix="/api/database", tags=["database"], route_class=StrictJsonRoute)

    @routes.get("")
    def show() -> dict[str, Any]:
        """Show what the last check found, and what the last recovery has done."""
        return {
            "check": report_view(upkeep.report) if upkeep.report else None,
            "recovery": recovery_view(upkeep.recovery) if upkeep.recovery else None,
            "backup_failure": str(upkeep.failure) if upkeep.failure else None,
        }

    @routes.post("/check")
    def check() -> dict[str, Any]:
        """Check the database in full and show what was found."""
        return report_view(upkeep.check(full=True))

    @routes.get("/backups")
    def backups() -> dict[str, Any]:
        """List the backups, the newest first."""
        return {"items": [backup_view(backup) for backup in upkeep.backups()]}

    @routes.post("/backups", status_code=201)
    def back_up() -> dict[str, Any]:
        """Make a backup now."""
        return backup_view(upkeep.back_up("asked"))

    @routes.post("/restore", status_code=202)
    def restore(wanted: Restoring) -> dict[str, str]:
        """Put a backup back: the service closes the store, replaces it and opens it again."""
        if wanted.backup not in {backup.id for backup in upkeep.backups()}:
            raise NotFound(f"There is no backup {wanted.backup}.", "`certify db list` shows those that there are.")
        while_closed(lambda care: care.restore(wanted.backup))
        return {"status": "accepted"}

    @routes.post("/recover", status_code=202)
    def recover(_: Recovering) -> dict[str, str]:
        """Make the best database of what there is and the newest good backup, as at a start that finds damage."""
        care = upkeep.care
        while_closed(lambda _: care.recover())
        return {"status": "accepted"}

    @routes.get("/export", response_class=FileResponse)
    def export(form: ExportForm = ExportForm.JSON) -> FileResponse:
        """Download all rows; secrets are in it as they are kept: sealed under the master key."""
        folder = tempfile.TemporaryDirectory()
        file = Path(folder.name) / f"certify.{form}"
        upkeep.care.export(file, form=form)
        return FileResponse(file, filename=file.name, background=BackgroundTask(folder.cleanup))

    return routes
