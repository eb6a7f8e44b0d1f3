"""servers.json: tells clients where the service listens. The service is its only writer.

The shape is the original's, so that a client that reads one reads the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from certify_core.files import read_file, write_atomically

FILE = "servers.json"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a service listens."""

    host: str
    port: int
    instance: str = ""
    """What `GET /api/health` answers there, so that it can be told from others; new at every start."""

    @property
    def url(self) -> str:
        """The address of its API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def write_servers(data_dir: Path, server: Server) -> None:
    """Say where the service listens now."""
    entry = {
        "Id": "local",
        "DisplayName": "(local)",
        "Host": server.host,
        "Port": server.port,
        "UseHTTPS": False,
        "Mode": "direct",
        "Authentication": "token",
        "IsDefault": True,
        "Instance": server.instance,
    }
    content = orjson.dumps([entry], option=orjson.OPT_INDENT_2)
    path = data_dir / FILE
    if not path.exists() or read_file(path) != content:
        write_atomically(path, content, mode=0o644)


def read_server(data_dir: Path) -> Server | None:
    """Return where the default service listens, or None if the file is gone or not ours."""
    try:
        entries = orjson.loads(read_file(data_dir / FILE))
        entry = {key.lower(): value for key, value in entries[0].items()}
        return Server(str(entry["host"]), int(entry["port"]), str(entry.get("instance", "")))
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return None
