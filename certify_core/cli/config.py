"""`certify config`: serviceconfig.json, read and written without the service."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from certify_core.cli.common import json_option, print_json, print_table
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import complain, say
from certify_core.cli.ownership import given_to_owner
from certify_core.errors import CertifyError, InvalidInput

RESTART = "It holds from the next start of the service."


@click.group()
def config() -> None:
    """The service's own settings."""


@config.command()
@data_dir_option
@json_option
def show(data_dir: Path, as_json: bool) -> None:
    """Show every setting, its value and where that comes from."""
    from certify_core.service.config import described, read_configuration

    configuration = read_configuration(data_dir)
    settings = described(configuration)
    if as_json:
        print_json({"settings": settings, "problems": [str(problem) for problem in configuration.problems]})
        return
    rows = [[item["name"], str(item["value"]), item["source"], item["description"]] for item in settings]
    print_table(["SETTING", "VALUE", "FROM", "MEANS"], rows, empty="")
    for problem in configuration.problems:
        complain(str(problem))


@config.command("set")
@data_dir_option
@click.argument("name")
@click.argument("value", required=False)
@click.option("--remove", is_flag=True, help="Take the setting out of the file: the default holds.")
@json_option
def set_value(data_dir: Path, name: str, value: str | None, remove: bool, as_json: bool) -> None:
    """Write a setting into serviceconfig.json; everything else in it stays as it is."""
    from certify_core.service.config import change_settings

    if (value is None) is not remove:
        raise click.UsageError("Give either a VALUE or --remove.")
    try:
        with given_to_owner(data_dir):
            change_settings(data_dir, {name: value})
    except InvalidInput as error:
        raise click.UsageError(str(error)) from error
    except CertifyError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json({"name": name, "value": value})
    else:
        say(RESTART)


@config.command()
@data_dir_option
@json_option
def validate(data_dir: Path, as_json: bool) -> None:
    """Check serviceconfig.json and the environment; every fault is named with its line and field."""
    from certify_core.service.config import read_configuration

    configuration = read_configuration(data_dir)
    if as_json:
        print_json(
            [
                {"field": problem.field, "cause": problem.cause, "remedy": problem.remedy}
                for problem in configuration.problems
            ]
        )
    else:
        for problem in configuration.problems:
            click.echo(str(problem), err=True)
        for name in configuration.unknown:
            click.echo(f"{name} is no setting of the core; it is kept, and a plugin may read it.")
        if not configuration.problems:
            click.echo("The configuration is in order.")
    sys.exit(Exit.USAGE if configuration.problems else Exit.DONE)
