"""`certify schema`: how configuration files look, for editors; it needs no service."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from certify_core.cli.data_dir import data_dir_option


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: print it."
)
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="It is JSON anyway.")
def schema(data_dir: Path, output: Path | None, as_json: bool) -> None:
    """Print the JSON Schema of the files of `certify apply`, with the parameters of all installed plugins."""
    from certify_core.configuration.schema import json_schema
    from certify_core.contracts import PluginContext
    from certify_core.files import write_atomically
    from certify_core.plugins import Plugins
    from certify_core.service.config import read_configuration

    plugins = Plugins.load(PluginContext(data_dir, read_configuration(data_dir).settings))
    text = orjson.dumps(json_schema(plugins), option=orjson.OPT_INDENT_2) + b"\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        write_atomically(output.absolute(), text, mode=0o644)
    except OSError as error:
        raise click.FileError(str(output), error.strerror or str(error)) from error
