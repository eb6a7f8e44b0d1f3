"""`/api/audit`: who did what, when, to which object, and how it ended; and whether anybody has tampered with that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query

from certify_core.domain.audit import parse_head
from certify_core.errors import InvalidInput
from certify_core.store.audit import AuditedRequest, AuditTrail

LAST = 2**63 - 1
"""The largest number that a database keeps."""


def router(trail: AuditTrail) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/audit", tags=["audit"])

    @routes.get("")
    def list_requests(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, before: Annotated[int | None, Query(ge=1, le=LAST)] = None
    ) -> dict[str, list[Any]]:
        """List changes that were asked for, the newest first; `outcome` is null while one is under way."""
        return {"requests": [_document(item) for item in trail.requests(limit=limit, before=before)]}

    @routes.get("/export")
    def export(
        after: Annotated[int, Query(ge=0, le=LAST)] = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000
    ) -> dict[str, list[Any]]:
        """Give entries as they are chained, the oldest first, beginning behind the number `after`."""
        return {"entries": [asdict(entry) for entry in trail.entries(after=after, limit=limit)]}

    @routes.get("/verify")
    def verify(head: str | None = None) -> dict[str, Any]:
        """Look at the whole chain; `head`, which was noted earlier, has to be in it."""
        noted = parse_head(head) if head is not None else None
        if head is not None and noted is None:
            raise InvalidInput("head", "It is not of the form NUMBER:HASH.", "Use one that a verification showed.")
        verdict = trail.verify(noted)
        return {
            "entries": verdict.entries,
            "head": str(verdict.head) if verdict.head else None,
            "fault": verdict.fault or None,
            "number": verdict.number,
        }

    return routes


def _document(item: AuditedRequest) -> dict[str, Any]:
    outcome = orjson.loads(item.outcome.document) if item.outcome else None
    return {"number": item.entry.number, **orjson.loads(item.entry.document), "outcome": outcome}
