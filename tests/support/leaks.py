"""Looks for secrets in the logs of a service: every service of the suite is looked at when its test is over."""

from __future__ import annotations

import base64
import re
from pathlib import Path

PATTERNS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "the secret part of a JSON Web Key": re.compile(rb'"d"\s*:\s*"[\w-]{20}'),
    "an access token": re.compile(rb"certify_[\w-]{43}"),
    "a header that carries a token": re.compile(
        rb"(?i)authorization['\"]?\s*[:=]\s*['\"]?(bearer|basic|negotiate|ntlm) [\w+/=-]{8}"
    ),
}


def leaks(data_dir: Path) -> list[str]:
    """Return which secrets of a data folder are in which of its logs."""
    own = list(_own_secrets(data_dir).items())
    found = []
    for log in sorted(path for path in (data_dir / "logs").rglob("*") if path.is_file()):
        content = log.read_bytes()
        found += [f"{what} in {log.name}" for what, secret in own if secret in content]
        found += [f"{what} in {log.name}" for what, pattern in PATTERNS.items() if pattern.search(content)]
    return found


def _own_secrets(data_dir: Path) -> dict[str, bytes]:
    """Return what only this folder's owner should know, in every spelling."""
    secrets = {}
    token, key = data_dir / "api.token", data_dir / "master.key"
    if token.is_file() and len(content := token.read_bytes().strip()) >= 32:
        secrets["the owner's token"] = content
    if key.is_file() and len(content := key.read_bytes()) >= 32:
        secrets |= {
            "the master key in hex": content.hex().encode(),
            "the master key in base64": base64.b64encode(content).rstrip(b"="),
            "the master key": content,
        }
    return secrets
