"""`/api/operations`: watch long work while it happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from certify_core.service.operations import Operation, Operations
from certify_core.service.routes.views import event_document, operation_document

KEEP_ALIVE = 1.0
"""Seconds between signs of life, so that neither side takes a quiet stream for a dead one.

On some systems who reads a stream hears of Ctrl-C no sooner than of the next one.
"""


def router(operations: Operations) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/operations", tags=["operations"])

    @routes.get("/{operation_id}")
    def show(operation_id: str) -> dict[str, Any]:
        """Show how long work is doing; `outcome` is null until it has ended."""
        return operation_document(operations.get(operation_id))

    @routes.get("/{operation_id}/events", response_class=StreamingResponse)
    def watch(operation_id: str) -> StreamingResponse:
        """Stream the events of long work, those of the past first; the last one is `ended` with the outcome."""
        return StreamingResponse(_stream(operations, operations.get(operation_id)), media_type="text/event-stream")

    return routes


async def _stream(operations: Operations, operation: Operation) -> AsyncIterator[bytes]:
    async for event in operations.watch(operation, keep_alive=KEEP_ALIVE):
        yield b": still at it\n\n" if event is None else _message(event.kind.value, event_document(event))
    yield _message("ended", {"outcome": operation.outcome})


def _message(kind: str, document: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(document))
