"""`/api/secrets`: the master key under which everything secret is sealed. Secrets themselves are never shown."""

from __future__ import annotations

from fastapi import APIRouter

from certify_core.store import Store


def router(store: Store) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/secrets", tags=["secrets"])

    @routes.get("")
    def show() -> dict[str, bool]:
        """Show whether an earlier master key is kept until the next start."""
        return {"rotating": store.vault.has_old_keys}

    @routes.post("/rotate")
    def rotate() -> dict[str, int]:
        """Make a new master key and seal everything under it; the earlier one is forgotten at the next start."""
        resealed = store.rotation.rotate()
        return {"resealed": resealed.secrets, "unreadable": resealed.unreadable}

    return routes
