"""What commands that talk to the service share: the client, `--json`, and how things are printed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson

from certify_core.cli.client import Client
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import ServiceRefused
from certify_core.errors import CertifyError


def talks_to_service(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its `client` and `as_json`, and end it as the table of exit codes says."""

    @functools.wraps(command)
    def wrapped(*, data_dir: Path, as_json: bool, **kwargs: Any) -> Any:
        with refusals_told(as_json=as_json):
            return command(client=Client(data_dir), as_json=as_json, **kwargs)

    return data_dir_option(json_option(wrapped))


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)


@contextmanager
def refusals_told(*, as_json: bool) -> Iterator[None]:
    """End a command that is refused as the table of exit codes says, and where JSON is wanted with that."""
    try:
        yield
    except ServiceRefused as error:
        if as_json:
            print_json({"error": error.problem})
        raise
    except CertifyError as error:
        raise click.UsageError(str(error)) from error


def print_json(document: object) -> None:
    """Print a document for machines."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def print_table(columns: list[str], rows: list[list[str]], *, empty: str) -> None:
    """Print a table for people; in a pipe, plain aligned lines that are never wrapped."""
    if not rows:
        click.echo(empty)
    elif sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
    else:
        widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
        for row in (columns, *rows):
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class Choice(NamedTuple):
    """A plugin that somebody chose, with what it is given."""

    name: str
    credential: str | None
    parameters: dict[str, Any]


def parse_choice(text: str, *, option: str) -> Choice:
    """Return what `name`, `name@credential`, `name:key=value,key=value` or `name:{json}` says.

    A value `@FILE` is the content of that file, so that secrets stay out of the process list.
    """
    head, _, rest = text.partition(":")
    name, _, credential = head.partition("@")
    if not name:
        raise click.BadParameter(f"{text!r} names nothing.", param_hint=option)
    if rest.startswith("{"):
        try:
            return Choice(name, credential or None, dict(orjson.loads(rest)))
        except ValueError as error:
            raise click.BadParameter(f"{rest!r} is not JSON: {error}.", param_hint=option) from error
    parameters: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise click.BadParameter(f"{part!r} is not of the form key=value.", param_hint=option)
        parameters[key] = _read(value[1:], option) if value.startswith("@") else value
    return Choice(name, credential or None, parameters)


def _read(path: str, option: str) -> str:
    try:
        return Path(path).read_text().rstrip("\r\n")
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {error.strerror}.", param_hint=option) from error
