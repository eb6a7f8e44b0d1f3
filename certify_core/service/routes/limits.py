"""`/api/limits`: what is left of the authorities' rate limits."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from certify_core.engine.budgets import Budget, Spent
from certify_core.engine.engine import Engine
from certify_core.service.routes.views import iso


def router(engine: Engine) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/limits", tags=["limits"])

    @routes.get("")
    def limits(authority: str | None = None) -> dict[str, list[Any]]:
        """Show what was spent of each known limit and what authorities have announced; `authority` is an id."""
        return {"authorities": [_budget(item) for item in engine.budgets(authority)]}

    return routes


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "authority": budget.authority,
        "title": budget.title,
        "directory": budget.directory,
        "account": budget.account,
        "limits": [
            {
                "kind": limit.kind.value,
                "count": limit.count,
                "window_seconds": limit.window,
                "subjects": [_subject(item) for item in subjects],
            }
            for limit, subjects in budget.limits
        ],
        "announced": [
            {
                "kind": item.kind.value,
                "subject": item.subject,
                "until": iso(item.until),
                "text": item.text,
                "remedy": item.remedy,
            }
            for item in budget.announced
        ],
    }


def _subject(item: Spent) -> dict[str, Any]:
    return {
        "subject": item.subject,
        "spent": item.spent,
        "left": item.left,
        "next_free_at": iso(item.next_free_at),
        "all_free_at": iso(item.all_free_at),
    }
