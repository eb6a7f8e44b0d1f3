"""The API does what its description says, whatever it is sent: every operation, by schemathesis with a fixed seed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import Service
from tests.support.wishes import CERTIFICATES

LEFT_OUT = "/events$|/database/(recover|restore)$|/test$"
"""A stream that ends with its operation; what closes the store and with it the API for a moment; what asks others."""
NOT_CHECKED = "ignored_auth"
"""It tries a wrong token everywhere, and more than twenty soon are answered 429; `test_access.py` does that instead."""
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 422, 502, 503]

[[operations]]
include-path-regex = "^/api/access/(signin|negotiate)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 429]
"""
"""No schema says which names exist or what an authority will say, so what fits it may be refused with a reason; never
as malformed, though."""


def known_objects(service: Service) -> dict[str, str]:
    """Make one object of each kind; return parameters of paths with their ids."""
    certificate = {"id": "known", "identifiers": ["known.test"], "authority": "local", "renewal": {"automatic": False}}
    credential = {"id": "known", "provider": "files", "parameters": {"pfx_password": "secret"}}
    channel = {"id": "known", "parameters": {"url": "json://127.0.0.1:9"}, "enabled": False}
    token = {"title": "known", "role": "reader"}
    wishes = {CERTIFICATES: certificate, "/api/credentials": credential, "/api/notifications/channels": channel}
    for path, wish in wishes.items():
        assert service.call("POST", path, wish).status == 201
    return {
        "path.certificate_id": "known",
        "path.credential_id": "known",
        "path.channel_id": "known",
        "path.token_id": service.call("POST", "/api/tokens", token).body["id"],
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_operation_keeps_to_the_description(idle: Service, tmp_path: Path, method: str) -> None:
    idle.start()
    settings = tmp_path / "schemathesis.toml"
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in known_objects(idle).items()]
    settings.write_text("\n".join(["[parameters]", *lines, SETTINGS]))
    run = ["run", f"{idle.url}/api/openapi.json", "--include-method", method, "--exclude-path-regex", LEFT_OUT]
    what = ["--checks", "all", "--exclude-checks", NOT_CHECKED, "--phases", "coverage,fuzzing"]
    how = ["--seed", "1", "--max-examples", "8", "--generation-database", "none", "--request-timeout", "60"]
    token = ["--header", f"Authorization: Bearer {idle.token}", "--no-color", "--continue-on-failure"]
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    ended = subprocess.run(
        [*program, *run, *what, *how, *token], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr
