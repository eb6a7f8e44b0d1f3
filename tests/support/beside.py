"""Programs of Linux for tests that run on Windows Python: the Linux around a machine runs them, in its network.

Each program has a connection of its own: who hangs up ends it, so none outlives the process that wanted it.

    python -m tests.support.beside

prints the port at which it is asked, and runs until standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.killing import KILLED

PORT, DISK = "TESTS_BESIDE_PORT", "TESTS_BESIDE_DISK"
"""Environment variables of the tests on Windows: where programs are asked for, and where drive C is on Linux."""
PYTHON = "TESTS_BESIDE_PYTHON"
"""The Python of the Linux around, with what the tests require."""
PROJECT = Path(__file__).parents[2]
NOT_STARTED = 127
"""How a shell says that there is no such program."""
END_SECONDS = 5
RUN_SECONDS = 240


def as_linux(path: Path) -> str:
    """Return a path as a program of Linux sees it."""
    return f"{os.environ[DISK]}/{path.as_posix().partition(':/')[2]}" if os.name == "nt" else str(path)


class ProgramBeside:
    """A running program, with as much of `subprocess.Popen` as `tests.support.processes.Program` needs."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start it; the variables are added to those that the Linux around has."""
        self.args = command
        self._code: int | None = None
        self._connection = socket.create_connection(("127.0.0.1", int(os.environ[PORT])))
        wanted = {"command": command, "log": as_linux(log), "environment": environment}
        self._connection.sendall(json.dumps(wanted).encode() + b"\n")

    def poll(self) -> int | None:
        """Return None as long as it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def terminate(self) -> None:
        """Have it end, gently first."""
        self._connection.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """Have it end; the other side does so for certain."""
        self._code = KILLED if self._code is None else self._code
        self._connection.close()

    def _ended(self, timeout: float | None) -> int | None:
        """Return how it ended, if it has: the other side says so and hangs up."""
        if self._code is None and select.select([self._connection], [], [], timeout)[0]:
            with self._connection.makefile() as said:
                self._code = int(said.read() or NOT_STARTED)
        return self._code


def run_on_linux(*command: str | Path, check: bool = True) -> str:
    """Run a program of Linux to its end, in the project's folder, and return all that it wrote.

    What it is told of files are paths, which it is given as it sees them.

    Raises:
        CalledProcessError: it did not end with 0, and `check`; a note of it is what it wrote.
    """
    given = [as_linux(one) if isinstance(one, Path) else one for one in command]
    code, output = _run_beside(given) if os.name == "nt" else _run(given)
    if check and code:
        failed = subprocess.CalledProcessError(code, given, output)
        failed.add_note(output)
        raise failed
    return output


def _run(command: Sequence[str]) -> tuple[int, str]:
    ended = subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return ended.returncode, ended.stdout


def _run_beside(command: Sequence[str]) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        program = ProgramBeside(command, log, {})
        code = program.wait(RUN_SECONDS)
        program.kill()
        return code, log.read_text(encoding="utf-8")


class _Asked(socketserver.StreamRequestHandler):
    """Runs a program until it ends or who wanted it hangs up."""

    def handle(self) -> None:
        wanted = json.loads(self.rfile.readline())
        with Path(wanted["log"]).open("ab") as log:
            try:
                process = subprocess.Popen(
                    wanted["command"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **wanted["environment"]},
                )
            except OSError as error:
                log.write(f"{wanted['command'][0]} does not start: {error}".encode())
                return
        threading.Thread(target=self._hang_up_after, args=(process,), daemon=True).start()
        self.rfile.read()
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _hang_up_after(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        with contextlib.suppress(OSError):  # who wanted it has hung up first
            self.connection.sendall(str(code).encode())
        self.connection.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()
