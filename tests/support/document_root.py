"""A real nginx that serves the files of a folder over plain HTTP, on a free port of the loopback."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from tests.support.http_exchange import is_open
from tests.support.ports import free_port
from tests.support.processes import Program, installed

_CONFIG = """
daemon off;
worker_processes 1;
{user}
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
        listen {address}:{port};
        root {root};
        {more}
    }}
}}
"""


class DocumentRoot:
    """Serves the files below `root` while the `with` block runs; `more` is added to the server's configuration."""

    def __init__(self, folder: Path, root: Path, *, more: str = "", host: str = "127.0.0.1") -> None:
        self._program = installed("nginx", "nginx")
        self._folder = folder
        self._host = host
        self.port = free_port()
        folder.mkdir()
        self._config = folder / "nginx.conf"
        self._config.write_text(
            _CONFIG.format(
                folder=folder,
                root=root,
                port=self.port,
                more=more,
                address=f"[{host}]" if ":" in host else host,
                # Its workers would become a user that may not look into the test's folder.
                user="user root;" if os.geteuid() == 0 else "",
            )
        )

    def __enter__(self) -> DocumentRoot:
        log = self._folder / "error.log"
        command = [self._program, "-p", str(self._folder), "-c", str(self._config), "-e", str(log)]
        self._running = Program(command, log)
        self._running.wait_until(lambda: is_open(self.port, host=self._host))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()
