"""`certify serve`: the service in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import JsonValue

from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit
from certify_core.cli.interruption import on_interruption
from certify_core.cli.loudness import complain
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
        host = Host(data_dir, overrides=overrides, listening=_tell, hindered=complain)
    except CertifyError as error:
        complain(str(error))
        sys.exit(Exit.FAILED)

    on_interruption(host.stop)
    host.run()


def _tell(server: Server) -> None:
    click.echo(f"Certify listens on {server.url}")
