"""`certify plugins` and `certify version`."""

from __future__ import annotations

import click

from certify_core import __version__
from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service


@click.command()
@talks_to_service
def plugins(client: Client, as_json: bool) -> None:
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


@click.command()
@talks_to_service
def version(client: Client, as_json: bool) -> None:
    """Show the versions of this command and of the running service."""
    service = client.get("/api/system/appversion")
    if as_json:
        print_json({"command": __version__, "service": service})
    else:
        click.echo(f"command {__version__}, service {service} at {client.url}")
