"""How a command ends when the service is not there, or is somebody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.service import Service

HEAVY = {"pydantic", "fastapi", "sqlalchemy", "sqlmodel", "acme", "rich", "cryptography", "urllib3", "asyncio"}


def test_a_service_that_never_ran_is_not_reachable(tmp_path: Path) -> None:
    ended = Service(tmp_path).certify("list")
    assert (ended.code, "certify serve" in ended.err) == (3, True)


def test_a_service_that_has_stopped_is_not_reachable(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    service.stop()
    ended = service.certify("list")
    assert (ended.code, "certify serve" in ended.err) == (3, True)


def test_a_wrong_token_is_not_let_in(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        (tmp_path / "data" / "api.token").write_text("guessed")
        assert service.certify("list").code == 3
    finally:
        service.close()


def test_another_program_on_the_port_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "api.token").write_text("token")
    with ScriptedServer() as server:
        server.on("/api/health", Reply(200, b"<html>"))
        port = server.url.rsplit(":", 1)[1]
        (tmp_path / "servers.json").write_text(f'[{{"Host": "127.0.0.1", "Port": {port}}}]')
        ended = Service(tmp_path).certify("list")
        assert ["Authorization" in request.headers for request in server.received] == [False]
    assert (ended.code, "not Certify" in ended.err) == (3, True)


def test_another_service_on_the_port_is_recognised(tmp_path: Path) -> None:
    here, elsewhere = Service(tmp_path / "here"), Service(tmp_path / "elsewhere").start()
    try:
        here.configure()
        (here.data_dir / "api.token").write_text("token")
        (entry,) = json.loads((elsewhere.data_dir / "servers.json").read_text())
        (here.data_dir / "servers.json").write_text(json.dumps([{**entry, "Instance": "of an earlier day"}]))
        ended = here.certify("list")
        assert (ended.code, "another Certify service" in ended.err) == (3, True)
    finally:
        elsewhere.close()


@pytest.mark.parametrize("settings", ["{", "[]", '{"port": "many"}'])
def test_a_damaged_configuration_is_named(tmp_path: Path, settings: str) -> None:
    (tmp_path / "serviceconfig.json").write_text(settings)
    (tmp_path / "api.token").write_text("token")
    assert "serviceconfig.json" in Service(tmp_path).certify("list").err


def test_an_error_is_json_too_where_json_was_asked_for(tmp_path: Path) -> None:
    assert "certify serve" in Service(tmp_path).certify("list", "--json").json["error"]["remedy"]


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from certify_core.cli.main import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: print(sorted(set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.rsplit("[", 1)[1].rstrip("]\n").replace("'", "").split(", "))
    assert loaded & HEAVY == set()


def test_an_unknown_command_ends_with_2(tmp_path: Path) -> None:
    assert Service(tmp_path).certify("conjure").code == 2
