"""Changes as JSON merge patches (RFC 7396)."""

from __future__ import annotations

from pydantic import JsonValue


def merged(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Return a document merged with a patch (RFC 7396): null removes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
