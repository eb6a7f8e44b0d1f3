"""`/api/managedcertificates`: create, list, show, change, delete, request and log."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from certify_core.domain.certificate import Status
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.engine import Engine
from certify_core.engine.parameters import masked
from certify_core.service.json_body import StrictJsonRoute
from certify_core.service.merge_patch import merged
from certify_core.service.operations import Operations
from certify_core.service.problems import invalid_input
from certify_core.service.routes.views import (
    CertificatePage,
    ChangeCertificate,
    NewCertificate,
    RequestWish,
    Started,
    certificate_document,
    event_document,
    summary_document,
)

BASE = "/api/managedcertificates"


def router(engine: Engine, operations: Operations) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix=BASE, tags=["managed certificates"], route_class=StrictJsonRoute)
    certificates = engine.store.certificates

    @routes.get("", response_model=CertificatePage)
    def list_certificates(
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        after: str | None = None,
        search: Annotated[str, Query(max_length=255)] = "",
        status: Status | None = None,
        name: str | None = None,
    ) -> Response:
        """List managed certificates by name; `name` finds those of exactly this name."""
        if name is not None:
            found = [certificates.get(found_id) for found_id in certificates.ids_named(name)]
            return _json({"items": [_line(item) for item in found], "next": None})
        page = certificates.page(limit=limit, after=after, search=search, status=status)
        return _json({"items": [summary_document(item) for item in page.items], "next": page.next})

    @routes.get("/summary")
    def summarize() -> dict[str, int]:
        """Count managed certificates by status."""
        return certificates.count_by_status()

    @routes.post("", status_code=201)
    def create(new: NewCertificate) -> Response:
        """Look after one more certificate; it is requested at once unless its settings say otherwise."""
        settings = CertificateSettings.model_validate(new.model_dump(exclude={"id"}))
        certificate_id = new.id or uuid.uuid4().hex
        headers = {"Location": f"{BASE}/{certificate_id}"}
        if not settings.renewal.begins_by_itself:
            return _json(certificate_document(engine.create(settings, certificate_id)), 201, headers)
        with operations.started(certificate_id) as operation:
            certificate = engine.create(settings, certificate_id, operation.accept)
        return _json({**certificate_document(certificate), "operation": operation.id}, 201, headers)

    @routes.post("/request-due", status_code=202)
    def request_due() -> dict[str, list[Started]]:
        """Start whatever waits for a retry or is due now, without waiting for its moment."""
        return {"started": [_start(certificate_id) for certificate_id in engine.due_now()]}

    @routes.get("/{certificate_id}")
    def show(certificate_id: str) -> dict[str, Any]:
        """Show one managed certificate."""
        return certificate_document(certificates.get(certificate_id), engine.store.revocations.of(certificate_id))

    @routes.patch("/{certificate_id}")
    def change(certificate_id: str, wish: ChangeCertificate) -> dict[str, Any]:
        """Change settings; 409 if somebody else has since the version was read."""
        current = masked(certificates.get(certificate_id).settings)
        try:
            settings = CertificateSettings.model_validate(merged(current, wish.settings))
        except ValidationError as error:
            raise invalid_input(error) from None
        changed = engine.change(certificate_id, wish.version, settings)
        return certificate_document(changed, engine.store.revocations.of(certificate_id))

    @routes.delete("/{certificate_id}", status_code=204)
    def remove(certificate_id: str, version: int | None = None) -> Response:
        """Stop looking after a certificate; what was deployed stays in place."""
        engine.delete(certificate_id, version)
        return Response(status_code=204)

    @routes.post("/{certificate_id}/request", status_code=202)
    def request(certificate_id: str, wish: RequestWish | None = None) -> Started:
        """Request a certificate now; watch the operation to see how it goes."""
        return _start(certificate_id, use_last_duplicate=wish is not None and wish.use_last_duplicate)

    @routes.get("/{certificate_id}/log")
    def log(certificate_id: str, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> dict[str, list[Any]]:
        """Show the newest entries of a certificate's log, the oldest of them first."""
        certificates.get(certificate_id)
        return {"entries": [event_document(event) for event in engine.logs.tail(certificate_id, limit)]}

    def _start(certificate_id: str, *, use_last_duplicate: bool = False) -> Started:
        with operations.started(certificate_id) as operation:
            engine.request(certificate_id, operation.accept, use_last_duplicate=use_last_duplicate)
        return Started(
            operation=operation.id,
            certificate_id=certificate_id,
            events=f"/api/operations/{operation.id}/events",
        )

    return routes


def _line(certificate: Any) -> dict[str, Any]:
    return summary_document(
        {
            "id": certificate.id,
            "name": certificate.settings.title,
            "identifiers": certificate.settings.identifiers,
            "status": certificate.status,
            "expires_at": certificate.issued.expires_at if certificate.issued else None,
            "next_due_at": certificate.next_due_at,
            "version": certificate.version,
        }
    )


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")
