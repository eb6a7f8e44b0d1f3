"""Requesting certificates through the service's API and following them to the end."""

from __future__ import annotations

import json
from typing import Any

from tests.support.service import Service


def issue(service: Service, wish: dict[str, Any]) -> dict[str, Any]:
    """Create a managed certificate, wait until it has come to rest, and return it."""
    created = service.call("POST", "/api/managedcertificates", wish)
    assert created.status == 201, created.body
    outcome_of(service, created.body["operation"])
    return show(service, created.body["id"])


def request(service: Service, certificate_id: str) -> list[dict[str, Any]]:
    """Request a certificate again, wait, and return the events."""
    started = service.call("POST", f"/api/managedcertificates/{certificate_id}/request")
    assert started.status == 202, started.body
    return outcome_of(service, started.body["operation"])


def outcome_of(service: Service, operation: str) -> list[dict[str, Any]]:
    """Wait until an operation has ended, and return its events."""
    text = service.call("GET", f"/api/operations/{operation}/events").body
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    return events[:-1]


def show(service: Service, certificate_id: str) -> dict[str, Any]:
    """Return a managed certificate."""
    answer = service.call("GET", f"/api/managedcertificates/{certificate_id}")
    assert answer.status == 200, answer.body
    document: dict[str, Any] = answer.body
    return document
