"""How much a command says, where, and in which colours."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest

from tests.support.service import Service
from tests.support.terminal import COLOUR, on_a_terminal


@pytest.fixture
def name() -> str:
    """What no other test's certificate is called."""
    return f"{uuid.uuid4().hex}.test"


def shown(service: Service, *arguments: str, **environment: str) -> str:
    """Return what a command prints on a terminal."""
    return on_a_terminal(*arguments, environment={"CERTIFY_DATA_DIR": str(service.data_dir), **environment})


def test_quiet_says_nothing_of_what_went_well(service: Service, name: str, site: Path) -> None:
    deploy = f"--deploy=files:dir={site}"
    ended = [
        service.certify("request", name, "--ca", "local", deploy, "--wait", "--quiet"),
        service.certify("edit", name, "--at-percent", "50", "-q"),
        service.certify("-q", "renew", name, "--wait"),
        service.certify("deploy", "-q", name),
        service.certify("test", "-q", name),
        service.certify("delete", name, "--yes", "-q"),
    ]
    assert [(one.code, one.out, one.err) for one in ended] == [(0, "", "")] * 6


def test_quiet_says_what_went_wrong(service: Service, name: str, site: Path) -> None:
    ended = service.certify("request", name, "--ca", "local", f"--deploy=files:dir={site},reload=false", "--wait", "-q")
    assert (ended.code, ended.out.splitlines()[0][2:22].strip()) == (1, "deployment failed")
    assert "order created" not in ended.out


def test_quiet_prints_what_was_asked_for(service: Service, name: str) -> None:
    service.certify("request", name, "--ca", "local", "--wait")
    assert name in service.certify("list", "-q", "--search", name).out


def test_verbose_tells_requests_with_the_id_that_the_log_has(service: Service, name: str) -> None:
    service.certify("request", name, "--ca", "local", "--wait")
    ended = service.certify("deploy", name, "--verbose", "--no-wait")
    assert ended.code == 2
    (line,) = [line for line in ended.err.splitlines() if line.startswith("POST ")]
    assert re.fullmatch(rf"POST {service.url}/api/managedcertificates/\w+/deploy: 422, \d+ ms, \w+", line)


def test_verbose_stays_off_standard_output(service: Service) -> None:
    assert service.certify("list", "-v", "--json").json["more"] is not None


def test_what_nobody_foresaw_is_one_line_and_with_verbose_a_trace(service: Service, tmp_path: Path) -> None:
    wrong = ("audit", "export", "--output", str(tmp_path / "missing" / "file"))
    short, long = service.certify(*wrong), service.certify(*wrong, "--verbose")
    assert (short.code, short.err.count("\n"), "--verbose shows the trace" in short.err) == (1, 1, True)
    assert (long.code, "Traceback" in long.err) == (1, True)


def test_a_terminal_gets_colours_and_a_pipe_none(service: Service) -> None:
    assert COLOUR in shown(service, "doctor")
    assert "\x1b" not in service.certify("doctor").out


@pytest.mark.parametrize("command", ["doctor", "list", "test"])
def test_no_color_is_heeded(service: Service, name: str, command: str) -> None:
    service.certify("request", name, "--ca", "local", "--wait")
    arguments = [name] if command == "test" else []
    assert COLOUR not in shown(service, command, *arguments, NO_COLOR="1")


def test_long_work_shows_its_steps_on_a_terminal(service: Service, name: str) -> None:
    text = shown(service, "request", name, "--ca", "local", "--wait", NO_COLOR="1")
    assert re.search(r"✓ .*order created.*✓ .*saved", text, re.DOTALL)


def test_a_list_is_a_table_on_a_terminal(service: Service, name: str) -> None:
    service.certify("request", name, "--ca", "local", "--wait")
    assert "───" in shown(service, "list", "--search", name, LANG="C.UTF-8")


def test_a_pipe_gets_the_same_lines_whatever_the_terminal_is(service: Service, name: str) -> None:
    service.certify("request", name, "--ca", "local", "--wait")
    lines = {
        Service(service.data_dir, environment={"COLUMNS": columns, "TERM": term}).certify("list", "--search", name).out
        for columns, term in (("20", "xterm"), ("200", "dumb"), (os.environ.get("COLUMNS", "80"), ""))
    }
    assert len(lines) == 1
