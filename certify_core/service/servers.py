"""servers.json: tells clients where the service listens. The service is its only writer.

The shape is the original's, so that a client that reads one reads the other. Other servers that it names, and fields
that this version does not know, stay as they are.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from certify_core.files import read_file, write_atomically
from certify_core.service.data_folder import unwritable
from certify_core.service.listen import EVERY

if TYPE_CHECKING:
    import ssl

FILE = "servers.json"
TLS_FOLDER = "api-tls"
ROOT_FILE = f"{TLS_FOLDER}/root.pem"
"""What clients of an API by HTTPS trust."""

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Server:
    """Where a service listens."""

    host: str
    """As clients call it."""
    port: int
    instance: str = ""
    """What `GET /api/health` answers there, so that it can be told from others: see `instance_for`."""
    https: bool = False
    root: Path | None = field(default=None, compare=False)
    """The root certificate that its own is of; the system's roots if None."""

    @property
    def url(self) -> str:
        """The address of its API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """Return what sees that it is this server; None without HTTPS.

        Raises:
            OSError: its root certificate cannot be read.
        """
        if not self.https:
            return None
        import ssl

        return ssl.create_default_context(cafile=self.root)


def server_at(data_dir: Path, host: str, port: int, *, instance: str = "", https: bool = False) -> Server:
    """Return the server of a data folder, by a host that leads to it from this machine."""
    called = EVERY.get(host.strip("[]"), host.strip("[]"))
    return Server(called, port, instance, https, data_dir / ROOT_FILE if https else None)


def instance_for(data_dir: Path) -> str:
    """Return what a service is told from others by: new at every start, unless clients cannot be told of it."""
    known = read_server(data_dir) if unwritable(data_dir) else None
    return (known.instance if known else "") or secrets.token_hex(8)


def write_servers(data_dir: Path, server: Server) -> None:
    """Say where the service listens now.

    Raises:
        OSError: the file cannot be written.
    """
    entries = _entries(data_dir)
    mine = _mine(entries)
    known: Entry = {
        "Id": "local",
        "DisplayName": "(local)",
        "Host": server.host,
        "Port": server.port,
        "UseHTTPS": server.https,
        "Mode": "direct",
        "Authentication": "token",
        "IsDefault": True,
        "Instance": server.instance,
    }
    kept = {key: value for key, value in (mine or {}).items() if key.lower() not in {name.lower() for name in known}}
    others = [entry for entry in entries if entry is not mine]
    content = orjson.dumps([{**known, **kept}, *others], option=orjson.OPT_INDENT_2)
    path = data_dir / FILE
    if not path.exists() or read_file(path) != content:
        write_atomically(path, content, mode=0o644)


def read_server(data_dir: Path) -> Server | None:
    """Return where the default service listens, or None if the file is gone or not ours."""
    entry = {key.lower(): value for key, value in (_mine(_entries(data_dir)) or {}).items()}
    try:
        https = entry.get("usehttps") is True
        instance = str(entry.get("instance", ""))
        return server_at(data_dir, str(entry["host"]), int(entry["port"]), instance=instance, https=https)
    except (LookupError, ValueError, TypeError):
        return None


def _entries(data_dir: Path) -> list[Entry]:
    try:
        document = orjson.loads(read_file(data_dir / FILE))
    except (OSError, orjson.JSONDecodeError):
        return []
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []


def _mine(entries: list[Entry]) -> Entry | None:
    """Return the entry of this machine's service: the default one, or the first."""
    default = (entry for entry in entries if {key.lower(): value for key, value in entry.items()}.get("isdefault"))
    return next(default, entries[0] if entries else None)
