"""`certify open`: signs a browser in by a link that works once."""

from __future__ import annotations

import webbrowser

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service


@click.command("open")
@click.option("--print", "only_print", is_flag=True, help="Print the link and open no browser.")
@talks_to_service
def open_browser(client: Client, only_print: bool, as_json: bool) -> None:
    """Open a browser that is signed in, by a link that works once and for a minute."""
    link = client.post("/api/access/links")
    if as_json:
        print_json(link)
    elif only_print or not webbrowser.open(link["url"]):
        click.echo(link["url"])
