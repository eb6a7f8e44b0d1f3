"""http.sys on machines that are set up for a test: with an authority, without the service, without rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.windows import Ended, WindowsMachine

PROJECT = Path(__file__).parents[3]
RUN_UNPRIVILEGED = """
import sys, pathlib
from tests.support.windows import WindowsMachine
with WindowsMachine(pathlib.Path(sys.argv[1])) as machine:
    print(machine.python("-m", "tests.support.http_sys.denied", timeout=120).output)
"""


@dataclass(frozen=True)
class Authority:
    """A Pebble in the network of the Windows machine."""

    directory: str
    ca_bundle: str
    """As Windows sees it."""
    http_port: int


@pytest.fixture
def authority(machine: WindowsMachine, tmp_path: Path) -> Iterator[Authority]:
    """An authority that looks for answers on the machine."""
    port = free_port()
    command = machine.inside([sys.executable, "-m", "tests.support.pebble_process", str(tmp_path), str(port)])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        yield Authority(process.stdout.readline().strip(), f"Z:{tmp_path / 'tls-root.pem'}", port)
        process.communicate()


@pytest.fixture
def new_machine(tmp_path: Path) -> Iterator[WindowsMachine]:
    """A machine on which nothing has run yet."""
    with WindowsMachine(tmp_path) as started:
        yield started


def told(ended: Ended) -> Any:
    """Return the JSON that a program printed last."""
    lines = [line for line in ended.output.splitlines() if line.startswith("{")]
    assert lines, ended.output
    return json.loads(lines[-1])


def test_an_order_is_validated_on_a_port_of_which_another_program_has_the_rest(
    machine: WindowsMachine, authority: Authority
) -> None:
    arguments = (authority.directory, authority.ca_bundle, str(authority.http_port))
    happened = told(machine.python("-m", "tests.support.http_sys.order", *arguments, timeout=240))
    expected = {"other": "the other site", "alone": False, "code": 0, "deployed": True}
    assert happened == expected | {"said": happened["said"]}


@pytest.fixture
def disabled(new_machine: WindowsMachine) -> Any:
    """What happens where the HTTP service is disabled."""
    return told(new_machine.python("-m", "tests.support.http_sys.disabled", timeout=180))


def test_a_disabled_service_is_named_bypassed_found_and_mended(disabled: Any) -> None:
    assert disabled["refusal"].startswith("http-service-off: Windows' HTTP service does not run and cannot be started")
    assert disabled == {
        "refusal": disabled["refusal"],
        "answered": 200,
        "without_iis": ["http-service-disabled", "note", False],
        "with_iis": ["http-service-disabled", "warning", True],
        "fixed": "Windows' HTTP service starts when it is needed, and runs.",
        "afterwards": ["none", "http-service", "http-listen"],
    }


def test_who_may_not_have_the_prefix_is_told_the_command_that_allows_it(tmp_path: Path) -> None:
    become_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    ended = subprocess.run(
        [
            *(*become_root, "setpriv", "--bounding-set=-net_bind_service"),
            *(sys.executable, "-c", RUN_UNPRIVILEGED, str(tmp_path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=PROJECT,
        timeout=200,
        check=False,
    )
    refused = told(Ended(ended.returncode, ended.stdout))
    assert refused["code"] == "challenge-prefix-denied"
    assert "access denied (error 5)" in refused["cause"]
    assert 'netsh http add urlacl url=http://+:80/.well-known/acme-challenge/ user="' in refused["remedy"]
