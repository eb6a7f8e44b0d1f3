"""What of a request's body goes into the audit trail: all names of fields, and the values of a few that are no secret.

The few are listed, so a field that nobody has thought of is masked. Below `parameters`, which are a plugin's, all
values are.
"""

from __future__ import annotations

import orjson
from pydantic import JsonValue

MASK = "********"
SHOWN = frozenset(
    {
        "at_percent",
        "authority",
        "automatic",
        "begins",
        "ca_bundle",
        "contact",
        "credential",
        "deployments",
        "enabled",
        "expires_in",
        "fallback_authorities",
        "file",
        "force",
        "id",
        "identifiers",
        "key_type",
        "kid",
        "kind",
        "least",
        "leave_out_after",
        "lifetime_days",
        "name",
        "notifier",
        "order",
        "preferred_chain",
        "profile",
        "provider",
        "prune",
        "reason",
        "rehearse_at",
        "renew",
        "replace",
        "reuse_key",
        "role",
        "second_key_type",
        "serial",
        "source",
        "summary",
        "target",
        "title",
        "use_last_duplicate",
        "version",
    }
)
LEFT_OUT = frozenset({"positions"})
"""What says nothing to who reads the trail."""
LONGEST_TEXT = 200
LONGEST_LIST = 100
DEEPEST = 10


def audit_fields(body: bytes) -> JsonValue:
    """Return the body as it is entered, or None if it is no JSON object."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return _shown(document, shown=False, secret=False, depth=0) if isinstance(document, dict) else None


def _shown(value: JsonValue, *, shown: bool, secret: bool, depth: int) -> JsonValue:
    if depth >= DEEPEST:
        return MASK
    if isinstance(value, dict):
        few = [(name, item) for name, item in value.items() if name not in LEFT_OUT][:LONGEST_LIST]
        return {
            name[:LONGEST_TEXT]: _shown(
                item, shown=name in SHOWN, secret=secret or name == "parameters", depth=depth + 1
            )
            for name, item in few
        }
    if isinstance(value, list):
        return [_shown(item, shown=shown, secret=secret, depth=depth + 1) for item in value[:LONGEST_LIST]]
    if secret or not shown:
        return MASK
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
