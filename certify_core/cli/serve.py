"""`certify serve`: the service in the foreground."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import JsonValue

from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit
from certify_core.errors import CertifyError
from certify_core.service.servers import Server


@click.command()
@data_dir_option
@click.option("--port", type=click.IntRange(0, 65535), help="Wins over serviceconfig.json; 0 takes any free one.")
def serve(data_dir: Path, port: int | None) -> None:
    """Run the service until it is told to stop (SIGTERM, Ctrl-C)."""
    from certify_core.service.host import Host

    try:
        overrides: dict[str, JsonValue] = {} if port is None else {"port": port}
        host = Host(data_dir, overrides=overrides, listening=_tell, hindered=_complain)
    except CertifyError as error:
        click.echo(f"certify: {error}", err=True)
        sys.exit(Exit.FAILED)

    def stop(*_: Any) -> None:
        host.stop()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    host.run()


def _tell(server: Server) -> None:
    click.echo(f"Certify listens on {server.url}")


def _complain(reason: str) -> None:
    click.echo(f"certify: {reason}", err=True)
