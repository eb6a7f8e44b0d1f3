"""`certify db`: check, back up, list, restore, recover and export the database, with a running service or without."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from certify_core.care import ExportForm
from certify_core.cli.client import Document
from certify_core.cli.common import json_option, print_json, print_table, refusals_told
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import say
from certify_core.cli.store_keeper import StoreKeeper, store_keeper

SHOWN = 20
"""So many rows of a report are shown; all of them are in its file."""


@click.group()
def db() -> None:
    """Check, back up and repair the database: through the service, or without it where none runs."""


def _keeps_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its `keeper` and `as_json`."""

    @functools.wraps(command)
    def wrapped(*, data_dir: Path, as_json: bool, **kwargs: Any) -> Any:
        with refusals_told(as_json=as_json), store_keeper(data_dir) as keeper:
            return command(keeper=keeper, as_json=as_json, **kwargs)

    return data_dir_option(json_option(wrapped))


@db.command()
@_keeps_store
def check(keeper: StoreKeeper, as_json: bool) -> None:
    """Look at every page and every row. Ends with 1 if something is wrong."""
    report = keeper.check()
    if as_json:
        print_json(report)
    else:
        for damage in report["damages"]:
            click.echo(damage["what"])
        rows = f"{report['rows']} rows in {report['seconds']:.1f} s"
        click.echo(f"The database is {'what was written' if report['sound'] else 'damaged'} ({rows}).")
    if not report["sound"]:
        sys.exit(Exit.FAILED)


@db.command()
@_keeps_store
def backup(keeper: StoreKeeper, as_json: bool) -> None:
    """Make a backup of the database and of the data folder's other files."""
    made = keeper.back_up()
    if as_json:
        print_json(made)
    else:
        say(f"Backup {made['id']} is in {made['path']} ({_size(made)}).")


@db.command("list")
@_keeps_store
def list_backups(keeper: StoreKeeper, as_json: bool) -> None:
    """List the backups, the newest first."""
    items = keeper.backups()
    if as_json:
        print_json(items)
        return
    rows = [
        [item["id"], item["made_at"], item["reason"], _size(item), str(item["rows"]), item["fault"]] for item in items
    ]
    print_table(["ID", "MADE AT", "REASON", "SIZE", "ROWS", "FAULT"], rows, empty="There is no backup yet.")


@db.command()
@click.argument("backup_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_keeps_store
def restore(keeper: StoreKeeper, backup_id: str, yes: bool, as_json: bool) -> None:
    """Put a backup back. What is there now is set aside in the folder `damaged`, untouched."""
    if not yes:
        click.confirm(f"Put everything back as it was in {backup_id}?", abort=True, err=True)
    _tell(keeper.restore(backup_id), as_json=as_json)


@db.command()
@_keeps_store
def recover(keeper: StoreKeeper, as_json: bool) -> None:
    """Make the best database of every row that can be read and the newest good backup.

    The service does this by itself when it starts and finds damage.
    """
    _tell(keeper.recover(), as_json=as_json)


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(list(ExportForm)), help="Else by the file's ending; JSON if unknown."
)
@_keeps_store
def export(keeper: StoreKeeper, file: Path, form: str | None, as_json: bool) -> None:
    """Write all rows to a new file. Secrets are in it as they are kept: sealed under the master key."""
    chosen = ExportForm(form) if form else ExportForm.SQL if file.suffix == ".sql" else ExportForm.JSON
    try:
        keeper.export(file, chosen)
    except OSError as error:
        raise click.FileError(str(file), error.strerror or str(error)) from error
    if as_json:
        print_json({"file": str(file), "format": chosen})
    else:
        say(f"All rows are in {file} ({chosen}).")


def _tell(report: Document, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for damage in report["damages"]:
        click.echo(damage["what"])
    for fate in report["fates"][:SHOWN]:
        click.echo(f"  {fate['table']} {fate['key']}: {fate['source']}. {fate['note']}")
    if len(report["fates"]) > SHOWN:
        click.echo(f"  and {len(report['fates']) - SHOWN} more: see {report['set_aside']}")
    sources = ", ".join(f"{number} from the {source}" for source, number in report["sources"].items())
    click.echo(f"Rows: {sources or 'none'}. What was there is in {report['set_aside']}.")
    if not report["complete"]:
        click.echo("Not everything could be recovered: what was written last may be lost or older than it was.")


def _size(backup: Document) -> str:
    return f"{backup['octets'] / 1e6:.1f} MB"
