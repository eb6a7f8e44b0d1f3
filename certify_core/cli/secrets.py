"""`certify secrets`: the master key that everything secret is sealed under."""

from __future__ import annotations

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.loudness import say

PATIENCE = 3600.0
"""Seconds: every private key is read and written once."""


@click.group()
def secrets() -> None:
    """The master key of keys, passwords and tokens."""


@secrets.command()
@talks_to_service
def rotate(client: Client, as_json: bool) -> None:
    """Make a new master key and seal everything under it."""
    answer = client.post("/api/secrets/rotate", patience=PATIENCE)
    if as_json:
        print_json(answer)
        return
    say(f"{answer['resealed']} secrets are sealed under a new master key.")
    if answer["unreadable"]:
        click.echo(f"{answer['unreadable']} could be opened with no key: see the service's log.", err=True)
    say("The earlier key is forgotten when the service starts next.")
