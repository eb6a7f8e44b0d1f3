"""`certify export`: everything that is wanted, as the files of `certify apply`; or all there is, encrypted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.encrypted_export import export_encrypted
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import say
from certify_core.cli.passphrase import passphrase_option


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write into; default: print all."
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--encrypted",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Instead: one file for everything with all secrets, encrypted; an earlier export there is replaced.",
)
@passphrase_option
@talks_to_service
def export(
    client: Client,
    output: Path | None,
    force: bool,
    encrypted: Path | None,
    passphrase_file: TextIO | None,
    as_json: bool,
) -> None:
    """Write everything that is wanted as files for `certify apply`, one for each thing; no secret is in them.

    With --encrypted everything that there is, keys and secrets too, goes into one file for `certify import encrypted`.
    """
    if encrypted is not None:
        if output is not None:
            raise click.UsageError("Give either --output or --encrypted.")
        export_encrypted(client, encrypted, passphrase_file, as_json=as_json)
        return
    files = client.get("/api/configuration/export")["files"]
    if output is not None:
        _write(files, output, force=force)
    if as_json:
        print_json({"files": [file["path"] for file in files] if output else files})
    elif output is not None:
        say(f"{len(files)} files are written into {output}.")
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
