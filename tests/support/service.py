"""The real service as a process of its own on a data folder of its own, and the real command line beside it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import urllib3

from tests.support.leaks import leaks

START_SECONDS = 90
"""A start takes half a second, and much longer where everything else runs at once."""
BY_BREAK = hasattr(signal, "SIGBREAK")
"""Where processes send no signals to each other a service is told to end as `tests.support.breaking` says."""


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: urllib3.HTTPHeaderDict
    """Found by their names in any case."""
    body: Any


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


class Service:
    """`certify serve` with the means to talk to it."""

    def __init__(
        self,
        data_dir: Path,
        *,
        environment: dict[str, str] | None = None,
        python: str = sys.executable,
        before: Sequence[str] = (),
    ) -> None:
        """`before` is a command that runs the service, such as one that takes rights away."""
        self.data_dir = data_dir
        self._python = python
        self._before = before
        self._environment = {**os.environ, **(environment or {})}
        self._http = urllib3.PoolManager(retries=False, timeout=30)
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def configure(self, **settings: Any) -> Self:
        """Write serviceconfig.json."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "serviceconfig.json").write_text(json.dumps(settings))
        return self

    def start(self, *, port: int | None = 0) -> Self:
        """Start the service and wait until it says that it listens."""
        line = self.launch(port=port)
        if not line.startswith("Certify listens on "):
            self.kill()
            raise AssertionError(f"the service said {line!r} instead of listening\n{self.log()}")
        self.reach(line.removeprefix("Certify listens on ").strip())
        return self

    def reach(self, url: str) -> None:
        """Talk to the service at this address; by HTTPS it has to have a certificate of its folder's root."""
        self.url = url
        if url.startswith("https:"):
            root = str(self.data_dir / "api-tls" / "root.pem")
            self._http = urllib3.PoolManager(retries=False, timeout=30, ca_certs=root)

    def launch(self, *, port: int | None = 0) -> str:
        """Start the process and return the first line that it prints."""
        arguments = [] if port is None else ["--port", str(port)]
        self._process = self._popen("serve", "--data-dir", str(self.data_dir), *arguments)
        try:
            return _first_line(self._process)
        except queue.Empty:
            self.kill()
            raise AssertionError(f"the service said nothing for {START_SECONDS} s\n{self.log()}") from None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def token(self) -> str:
        """The API's token."""
        return (self.data_dir / "api.token").read_text()

    def log(self) -> str:
        """Return the session log."""
        path = self.data_dir / "logs" / "session.log"
        return path.read_text() if path.exists() else ""

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, token: str | None = ""
    ) -> Answer:
        """Ask the API; with `token=None` as a stranger."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token or self.token}")
        response = (
            self._http.request(method, self.url + path, json=body, headers=sent)
            if body is not None
            else (self._http.request(method, self.url + path, headers=sent))
        )
        return _answer(response)

    def send(self, method: str, path: str, body: bytes, content_type: str = "application/json") -> Answer:
        """Ask the API with a body as it is."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        return _answer(self._http.request(method, self.url + path, body=body, headers=sent))

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """Open a stream; leaving the block hangs up, whether or not it has ended."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with urllib3.PoolManager(retries=False, timeout=30) as http:
            response = http.request("GET", self.url + path, headers=headers, preload_content=False)
            try:
                yield response
            finally:
                response.close()

    def certify(self, *arguments: str, timeout: float = 60, stdin: str | None = None) -> Ended:
        """Run the command line against this service."""
        process = subprocess.run(
            [self._python, "-m", "certify_core.cli", *arguments],
            env={**self._environment, "CERTIFY_DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
            timeout=timeout,
            input=stdin,
            check=False,
        )
        return Ended(process.returncode, process.stdout, process.stderr)

    def _module(self, *arguments: str) -> list[str]:
        return ["tests.support.breaking" if BY_BREAK else "certify_core.cli", *arguments]

    def kill(self) -> None:
        """Kill the process as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def stop(self, timeout: float = 30) -> int:
        """Ask the process to end; return its exit code."""
        self.terminate()
        return self.wait_for_death(timeout)

    def terminate(self) -> None:
        """Ask the process to end, and do not wait."""
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.close()
        else:
            self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """End the process, however it is doing; no log of it may hold a secret."""
        self._http.clear()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        assert leaks(self.data_dir) == []

    def wait_for_death(self, timeout: float = 30) -> int:
        """Wait until the process has ended by itself; return its exit code, negative for a signal."""
        assert self._process is not None
        return self._process.wait(timeout)

    def _popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._before, self._python, "-u", "-m", *self._module(*arguments)],
            env=self._environment,
            stdin=subprocess.PIPE if BY_BREAK else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
    text = response.data.decode()
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(response.status, response.headers, json.loads(text) if text and is_json else text)


def _first_line(process: subprocess.Popen[str]) -> str:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    output = process.stdout
    assert output is not None

    def read() -> None:
        lines.put(output.readline())
        # Keep reading, so that the process never waits for us.
        for _ in output:
            pass

    threading.Thread(target=read, daemon=True).start()
    return lines.get(timeout=START_SECONDS)
