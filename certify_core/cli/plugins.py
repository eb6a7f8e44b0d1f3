"""`certify plugins` and `certify version`."""

from __future__ import annotations

from typing import Any

import click

from certify_core import __version__
from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.completers import provider_names
from certify_core.cli.exits import Exit, ServiceRefused

_USAGES = {
    "deployment target": "certify request NAME --deploy '{}'",
    "challenge provider": "certify request NAME --challenge '{}'",
    "notifier": "certify notify add ID '{}'",
}


class ListsByDefault(click.Group):
    """A group that lists where no command is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command for options of `list`."""
        first = args[0] if args else ""
        if not ctx.resilient_parsing and (not first or first.startswith("-")) and first not in ctx.help_option_names:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ListsByDefault)
def plugins() -> None:
    """What plugins offer and ask for; without a command: all plugins."""


@plugins.command("list")
@talks_to_service
def list_plugins(client: Client, as_json: bool) -> None:
    """List the service's plugins, what they offer, and why one does not work."""
    found = client.get("/api/plugins")["plugins"]
    if as_json:
        print_json(found)
        return
    rows = [
        [item["name"], f"{item['distribution']} {item['version']}", item["error"] or ", ".join(item["offers"])]
        for item in found
    ]
    print_table(["PLUGIN", "FROM", "OFFERS OR ERROR"], rows, empty="No plugins.")


@plugins.command()
@click.argument("name", shell_complete=provider_names)
@talks_to_service
def show(client: Client, name: str, as_json: bool) -> None:
    """Show what --deploy NAME, --challenge NAME or a notifier takes: parameters, types, defaults, meaning."""
    providers = client.get("/api/providers")["providers"]
    found = [item for item in providers if item["name"] == name]
    if not found:
        known = ", ".join(sorted(item["name"] for item in providers))
        raise ServiceRefused(Exit.NOT_FOUND, f"No plugin offers {name}.", f"There are: {known}.")
    if as_json:
        print_json(found)
        return
    for item in found:
        click.echo(f"{item['kind']} {item['name']}: {item['title']}\n{_usage(item)}\n")
        rows = [[one["name"], one["type"], _default(one), one["meaning"]] for one in item["parameters"]]
        print_table(["PARAMETER", "TYPE", "DEFAULT", "MEANING"], rows, empty="It asks for nothing.")


def _usage(item: dict[str, Any]) -> str:
    needed = ",".join(f"{one['name']}=…" for one in item["parameters"] if one["required"])
    chosen = f"{item['name']}:{needed}" if needed else item["name"]
    return _USAGES[item["kind"]].format(chosen)


def _default(parameter: dict[str, Any]) -> str:
    if parameter["required"]:
        return "needed"
    value = parameter["default"]
    if parameter["secret"]:
        return "(secret)"
    return "-" if value in (None, "", []) else str(value).lower() if isinstance(value, bool) else str(value)


@click.command()
@talks_to_service
def version(client: Client, as_json: bool) -> None:
    """Show the versions of this command and of the running service."""
    service = client.get("/api/system/appversion")
    if as_json:
        print_json({"command": __version__, "service": service})
    else:
        click.echo(f"command {__version__}, service {service} at {client.url}")
