"""A real nginx that serves TLS on a free port of the loopback, with every path of its own below one folder."""

from __future__ import annotations

import shlex
import socket
from pathlib import Path
from types import TracebackType

from tests.support.ports import free_port
from tests.support.processes import Program, installed

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
        {second}
        return 204;
    }}
}}
"""


_SECOND = """
        ssl_certificate {certificates}/fullchain-{kind}.pem;
        ssl_certificate_key {certificates}/privkey-{kind}.pem;
"""


class Nginx:
    """Serves `certificates`/fullchain.pem and privkey.pem while the `with` block runs; they have to be there before."""

    def __init__(self, folder: Path, certificates: Path, *, second: str = "") -> None:
        """Write its configuration; with `second` (``rsa`` or ``ecdsa``) it serves that one of a pair, too."""
        self.program = installed("nginx", "nginx")
        self.folder = folder
        self.port = free_port()
        folder.mkdir()
        self._config = folder / "nginx.conf"
        pair = _SECOND.format(certificates=certificates, kind=second) if second else ""
        config = _CONFIG.format(folder=folder, port=self.port, certificates=certificates, second=pair)
        self._config.write_text(config)

    @property
    def endpoint(self) -> str:
        """Where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def reload_command(self) -> str:
        """The command that makes it read its files again."""
        return shlex.join([*self._arguments(), "-s", "reload"])

    def __enter__(self) -> Nginx:
        self._running = Program(self._arguments(), self.folder / "error.log")
        self._running.wait_until(self._answers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()

    def _arguments(self) -> list[str]:
        return [self.program, "-p", str(self.folder), "-c", str(self._config), "-e", str(self.folder / "error.log")]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.1).close()
        except OSError:
            return False
        # With its own pid in the file, it is ours that answers and can be told to reload.
        return (self.folder / "nginx.pid").exists()
