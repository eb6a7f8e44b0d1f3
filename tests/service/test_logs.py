"""What the service writes down: for people or for programs, with one id for a request and all that it starts."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from certify_core.service.logs import JsonFormatter
from tests.support.leaks import leaks
from tests.support.service import Service
from tests.support.wishes import CERTIFICATES

ID = "X-Correlation-Id"


def wanted(name: str, **others: Any) -> dict[str, Any]:
    """Want a certificate that is not requested yet."""
    return {"id": name, "identifiers": [name], "authority": "local", "renewal": {"automatic": False}, **others}


def lines(service: Service) -> list[dict[str, Any]]:
    """Return the session log of a service that logs for programs."""
    return [json.loads(line) for line in service.log().splitlines()]


@pytest.fixture
def structured(idle: Service) -> Service:
    """A service that logs for programs, all that it can."""
    return idle.configure(logFormat="json", logLevel="debug").start()


def test_every_request_has_an_id_of_its_own(service: Service) -> None:
    first, second = (service.call("GET", "/api/access").headers[ID] for _ in range(2))
    assert (bool(re.fullmatch("[0-9a-f]{16}", first)), first == second) == (True, False)


def test_a_refused_one_has_too(service: Service) -> None:
    assert service.call("GET", "/api/access", token=None).headers[ID]


def test_the_audit_trail_shows_it_too(service: Service, name: str) -> None:
    answer = service.call("POST", CERTIFICATES, wanted(name))
    assert service.call("GET", "/api/audit?limit=1").body["requests"][0]["correlation"] == answer.headers[ID]


def test_a_structured_log_is_json_line_by_line(structured: Service) -> None:
    assert {"at", "level", "logger", "message"} <= set(lines(structured)[0])


def test_an_error_of_several_lines_stays_one_line() -> None:
    error = ValueError("first\nsecond")
    told = (ValueError, error, None)
    record = logging.LogRecord("certify", logging.ERROR, __file__, 1, "It %s", ("failed\nbadly",), told)
    text = JsonFormatter().format(record)
    assert ("\n" in text, "ValueError: first" in json.loads(text)["exception"]) == (False, True)


def test_a_full_log_is_kept_and_a_new_one_begun(idle: Service) -> None:
    log = idle.data_dir / "logs" / "session.log"
    log.parent.mkdir(parents=True)
    log.write_text("x" * 5_000_000)
    idle.start()
    assert ((log.parent / "session.log.1").stat().st_size >= 5_000_000, log.stat().st_size < 1_000_000) == (True, True)


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN EC PRIVATE KEY-----",
        '{"kty": "EC", "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}',
        "certify_" + "x" * 43,
        "authorization: Bearer abcdefghij",
        "the owner's token: {token}",
    ],
)
def test_a_secret_in_any_log_of_the_suite_would_be_found(tmp_path: Path, secret: str) -> None:
    (tmp_path / "api.token").write_text("t" * 43)
    log = tmp_path / "logs" / "certificates" / "shop.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"something {secret.replace('{token}', 't' * 43)} else")
    assert leaks(tmp_path) != []
