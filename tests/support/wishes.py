"""What tests ask the API for: managed certificates of the local authority, which needs no challenge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CERTIFICATES = "/api/managedcertificates"


def wish(*identifiers: str, **more: Any) -> dict[str, Any]:
    """Want a certificate for these names, at once."""
    return {"identifiers": list(identifiers), "authority": "local", **more}


def resting(*identifiers: str, **more: Any) -> dict[str, Any]:
    """Want a certificate for these names, but only when somebody asks for it."""
    return wish(*identifiers, renewal={"automatic": False}, **more)


def files_at(folder: Path, **parameters: Any) -> dict[str, Any]:
    """Want the files in a folder."""
    return {"target": "files", "parameters": {"dir": str(folder), **parameters}}
