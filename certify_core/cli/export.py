"""`certify export`: everything that is wanted, as the files of `certify apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.exits import Exit, ServiceRefused

EXAMPLE = """\b
Example:
  certify export -o /etc/certify
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write into; default: print all."
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@talks_to_service
def export(client: Client, output: Path | None, force: bool, as_json: bool) -> None:
    """Write everything that is wanted as files for `certify apply`, one for each thing; no secret is in them."""
    files = client.get("/api/configuration/export")["files"]
    if output is not None:
        _write(files, output, force=force)
    if as_json:
        print_json({"files": [file["path"] for file in files] if output else files})
    elif output is not None:
        click.echo(f"{len(files)} files are written into {output}.")
    else:
        click.echo("---\n".join(file["text"] for file in files), nl=False)


def _write(files: list[dict[str, Any]], output: Path, *, force: bool) -> None:
    from certify_core.files import write_atomically

    there = [file["path"] for file in files if (output / file["path"]).exists()]
    if there and not force:
        raise ServiceRefused(
            Exit.CONFLICT, f"{output / there[0]} is there already.", "Give an empty folder, or --force to replace it."
        )
    try:
        for file in files:
            path = output / file["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, file["text"].encode(), mode=0o644)
    except OSError as error:
        raise ServiceRefused(
            Exit.FAILED, f"{output} cannot be written: {error.strerror or error}.", "Give another folder."
        ) from error
