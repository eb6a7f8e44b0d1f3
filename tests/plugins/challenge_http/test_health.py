"""The look at the port of challenges: it says who has it, and takes it from nobody."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_challenge_http import certify_health_checks
from certify_challenge_http.health import ChallengePortCheck
from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import Sockets
from certify_core.api import Finding, PluginContext, Severity
from certify_core.testing.health_check import HealthCheckContract

LISTENER = """
import socket, sys
listener = socket.create_server(("0.0.0.0", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def look(port: int) -> Finding:
    """Return the one finding about a port."""
    (found,) = ChallengePortCheck(port, Listener(port, Sockets())).run()
    return found


class TestContract(HealthCheckContract):
    @pytest.fixture
    def check(self, port: int) -> ChallengePortCheck:
        return ChallengePortCheck(port, Listener(port, Sockets()))


@pytest.fixture
def program() -> Iterator[tuple[int, int]]:
    """Another program that listens; its process id and port."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


def test_a_free_port_is_ours(port: int) -> None:
    assert (look(port).code, look(port).severity) == ("challenge-port", Severity.OK)


def test_a_port_that_another_program_has_is_named_with_it(program: tuple[int, int]) -> None:
    pid, port = program
    found = look(port)
    assert (found.code, found.severity, f"(pid {pid})" in found.evidence) == (
        "challenge-port-held",
        Severity.NOTE,
        True,
    )


def test_a_port_on_which_we_answer_right_now_is_ours(port: int) -> None:
    listener = Listener(port, Sockets())
    listener.publish("token", "token.thumbprint")
    (found,) = ChallengePortCheck(port, listener).run()
    listener.withdraw("token")
    assert found.code == "challenge-port"


def test_looking_keeps_nobody_from_listening(port: int) -> None:
    look(port)
    with socket.create_server(("0.0.0.0", port)) as listener:
        assert listener.getsockname()[1] == port


def test_the_port_is_the_services_setting(tmp_path: Path, program: tuple[int, int]) -> None:
    check, *_ = certify_health_checks(PluginContext(tmp_path, {"httpchallengeserverport": program[1]}))
    assert [found.subject for found in check.run()] == [str(program[1])]
