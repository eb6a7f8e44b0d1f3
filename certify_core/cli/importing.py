"""`certify import`: what another machine, or another program, had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.exits import Exit
from certify_core.cli.export import PATIENCE, encoded
from certify_core.cli.passphrase import passphrase_option, read_passphrase

COLUMNS = ["FATE", "KIND", "NAME", "DETAIL"]


@click.group("import")
def importing() -> None:
    """What another machine or another program had."""


@importing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@click.option("--replace", is_flag=True, help="What is different here gives way to what is in the file.")
@passphrase_option
@talks_to_service
def encrypted(
    client: Client, file: Path, preview: bool, replace: bool, passphrase_file: TextIO | None, as_json: bool
) -> None:
    """Take FILE of `certify export --encrypted`: what was issued is here then, and is not requested again.

    Done again it changes nothing. Ends with 5 if something here is in the way, and with 1 if something cannot be here.
    """
    from certify_core.transfer.envelope import derive, read_header

    with file.open("rb") as content:
        derivation = read_header(content).kdf
        key = derive(read_passphrase(passphrase_file), derivation)
        content.seek(0)
        report = client.send_file(
            "/api/import/encrypted",
            content,
            {"Certify-Key": encoded(key)},
            patience=PATIENCE,
            preview=str(preview).lower(),
            replace=str(replace).lower(),
        )
    _tell(report, as_json=as_json)


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    """Show a report, and end as it says."""
    if as_json:
        print_json(report)
    else:
        rows = [[item["fate"], item["kind"], item["name"], item["detail"]] for item in report["items"]]
        print_table(COLUMNS, rows, empty="There is nothing in the file.")
        for item in report["items"]:
            if item["remedy"]:
                click.echo(f"{item['name']}: {item['remedy']}", err=True)
        for sentence in report["left_out"]:
            click.echo(f"Not in the file: {sentence}", err=True)
        counts = ", ".join(f"{number} {fate}" for fate, number in report["counts"].items() if number)
        click.echo(f"{'Preview; nothing was changed. ' if report['preview'] else ''}{counts or 'Nothing.'}")
    if report["counts"]["refused"]:
        sys.exit(Exit.FAILED)
    if report["counts"]["conflict"]:
        sys.exit(Exit.CONFLICT)
