"""What the folder that the service applies by itself has changed, in the audit trail: nobody has sent a request."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from pydantic import JsonValue

from certify_core.configuration.applying import Applied
from certify_core.configuration.plan import DONE_SOMETHING
from certify_core.domain.access import Role
from certify_core.errors import CertifyError
from certify_core.service.routes.views import iso
from certify_core.store.audit import AuditTrail

WHO = "configFolder"
MOST = 100
"""So many changes are named in one entry."""
_log = logging.getLogger(__name__)


def audit_applied(trail: AuditTrail, folder: Path, applied: Applied) -> None:
    """Enter what was done; nothing if nothing was."""
    done = [
        f"{step.action} {step.kind} {step.name}"
        for step in applied.steps
        if step.action in DONE_SOMETHING and step.failure is None
    ]
    if not done:
        return
    now = iso(time.time())
    request = {"at": now, "who": WHO, "role": Role.ADMINISTRATOR, "how": WHO, "token": None, "address": ""}
    fields: dict[str, JsonValue] = {"changes": [*done[:MOST]]}
    what: dict[str, JsonValue] = {"method": "APPLY", "path": str(folder), "correlation": None, "fields": fields}
    try:
        entry = trail.add({**request, **what})
        trail.add({"at": now, "status": 200, "id": None}, request=entry.number)
    except CertifyError as error:
        _log.error("What the folder %s has changed is not in the audit trail: %s", folder, error)
