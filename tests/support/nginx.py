"""A real nginx that serves TLS on a free port of the loopback, with every path of its own below one folder."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

import pytest

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/fullchain.pem;
        ssl_certificate_key {certificates}/privkey.pem;
        return 204;
    }}
}}
"""
_START_SECONDS = 20.0


class Nginx:
    """Serves `certificates`/fullchain.pem and privkey.pem while the `with` block runs; they have to be there before."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self.program = _installed()
        self.folder = folder
        self.port = _free_port()
        self._pause = threading.Event()
        folder.mkdir()
        self._config = folder / "nginx.conf"
        self._config.write_text(_CONFIG.format(folder=folder, port=self.port, certificates=certificates))

    @property
    def endpoint(self) -> str:
        """Where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def reload_command(self) -> str:
        """The command that makes it read its files again."""
        return shlex.join([*self._arguments(), "-s", "reload"])

    def __enter__(self) -> Nginx:
        self._process = subprocess.Popen(self._arguments(), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            self._pause.wait(0.02)
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                pytest.fail(f"nginx did not start: {(self.folder / 'error.log').read_text()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _arguments(self) -> list[str]:
        return [self.program, "-p", str(self.folder), "-c", str(self._config), "-e", str(self.folder / "error.log")]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.1).close()
        except OSError:
            return False
        # With its own pid in the file, it is ours that answers and can be told to reload.
        return (self.folder / "nginx.pid").exists()


def _installed() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail("These tests need nginx: apt install nginx.")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
