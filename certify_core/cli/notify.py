"""`certify notify`: the channels by which people are told what does not work."""

from __future__ import annotations

from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import parse_choice, print_json, print_table, talks_to_service
from certify_core.cli.completers import complete_notifier
from certify_core.cli.loudness import say

CHANNELS = "/api/notifications/channels"
PATIENCE = 120.0
"""Seconds that a channel has to take a message."""


@click.group()
def notify() -> None:
    """Tell people what does not work."""


@notify.command("list")
@talks_to_service
def list_channels(client: Client, as_json: bool) -> None:
    """List channels, and whether messages wait for them; addresses are never shown."""
    items = client.get(CHANNELS)["channels"]
    if as_json:
        print_json(items)
        return
    rows = [[item["id"], item["notifier"], item["title"], item["least"], _state(item)] for item in items]
    print_table(["ID", "NOTIFIER", "TITLE", "FROM", "STATE"], rows, empty="Nobody is told: certify notify add.")


@notify.command()
@click.argument("channel_id", metavar="ID")
@click.argument("notifier", metavar="NOTIFIER:KEY=VALUE,...", shell_complete=complete_notifier)
@click.option("--title", default="", help="Who is told by it, for people.")
@click.option(
    "--least", type=click.Choice(["warning", "error"]), default="warning", help="How bad a trouble has to be."
)
@click.option("--summary/--no-summary", default=True, help="Whether a summary is sent every week.")
@talks_to_service
def add(client: Client, channel_id: str, notifier: str, title: str, least: str, summary: bool, as_json: bool) -> None:
    """Tell people by one more channel. A value @FILE is read from that file."""
    choice = parse_choice(notifier, option="NOTIFIER")
    wish = {
        "id": channel_id,
        "notifier": choice.name,
        "credential": choice.credential,
        "parameters": choice.parameters,
        "title": title,
        "least": least,
        "summary": summary,
    }
    _done(client.post(CHANNELS, wish), as_json)


@notify.command()
@click.argument("channel_id", metavar="ID")
@click.argument("parameters", metavar="KEY=VALUE,...", required=False, default="")
@click.option("--title", help="Who is told by it, for people.")
@click.option("--least", type=click.Choice(["warning", "error"]), help="How bad a trouble has to be.")
@click.option("--summary/--no-summary", default=None, help="Whether a summary is sent every week.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether anything is sent.")
@talks_to_service
def edit(client: Client, channel_id: str, parameters: str, as_json: bool, **changes: Any) -> None:
    """Change a channel; what waits for it is sent by the new settings."""
    item = client.get(f"{CHANNELS}/{channel_id}")
    choice = parse_choice(f"{item['notifier']}:{parameters}", option="KEY=VALUE")
    wanted = {**changes, "parameters": choice.parameters or None}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if not wanted:
        raise click.UsageError("Nothing to change: give parameters or an option.")
    _done(client.patch(f"{CHANNELS}/{channel_id}", {"version": item["version"], "settings": wanted}), as_json)


@notify.command()
@click.argument("channel_id", metavar="ID")
@talks_to_service
def test(client: Client, channel_id: str, as_json: bool) -> None:
    """Send a message by a channel now, and say whether it was taken."""
    answer = client.post(f"{CHANNELS}/{channel_id}/test", patience=PATIENCE)
    if as_json:
        print_json(answer)
    else:
        say(f"The channel {channel_id} has taken a message.")


@notify.command()
@click.argument("channel_id", metavar="ID")
@talks_to_service
def delete(client: Client, channel_id: str, as_json: bool) -> None:
    """Remove a channel, and what waits for it."""
    client.delete(f"{CHANNELS}/{channel_id}")
    if as_json:
        print_json({"deleted": channel_id})
    else:
        say(f"{channel_id} is deleted.")


def _state(item: dict[str, Any]) -> str:
    if item["failure"]:
        return f"{item['waiting']} messages wait: {item['failure']['cause']}"
    if not item["enabled"]:
        return f"disabled, {item['waiting']} messages wait"
    return f"{item['waiting']} messages wait"


def _done(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(item)
    else:
        say(f"The channel {item['id']} is kept, version {item['version']}; try it: certify notify test {item['id']}")
