"""A service that cannot do its work: started until it has said why, and asked by its API."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import urllib3

from tests.support.service import Service
from tests.support.waiting import eventually


def launched(service: Service, *, port: int | None = 0) -> str:
    """Start a service; return what it says first, as soon as its API answers."""
    (service.data_dir / "servers.json").unlink(missing_ok=True)
    line = service.launch(port=port)
    eventually(lambda: _found(service))
    eventually(lambda: answers(service))
    return line


def _found(service: Service) -> bool:
    with contextlib.suppress(OSError, ValueError):
        (entry,) = json.loads((service.data_dir / "servers.json").read_text())
        service.reach(f"{'https' if entry['UseHTTPS'] else 'http'}://127.0.0.1:{entry['Port']}")
        return True
    return False


def answers(service: Service) -> bool:
    """Whether the API answers."""
    try:
        return service.call("GET", "/api/health", token=None).status in {200, 503}
    except (urllib3.exceptions.HTTPError, OSError):
        return False


def is_ready(service: Service) -> bool:
    """Whether the service does its work."""
    try:
        return service.call("GET", "/api/health", token=None).status == 200
    except (urllib3.exceptions.HTTPError, OSError):
        return False


def found(service: Service) -> dict[str, dict[str, Any]]:
    """Return what the health checks find now, by code."""
    return {item["code"]: item for item in service.call("POST", "/api/health/check").body["findings"]}
