"""`certify token`: access for others, with a role and an end."""

from __future__ import annotations

import re

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.loudness import say

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> int:
    """Return a duration such as `30d`, `12h` or `90m` in seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 30d, 12h or 90m.")
    return int(match[1]) * _SECONDS[match[2]]


@click.group()
def token() -> None:
    """Access for others, with a role and an end."""


@token.command()
@click.argument("title")
@click.option("--role", type=click.Choice(["reader", "operator", "administrator"]), default="reader", show_default=True)
@click.option("--expires-in", type=duration, default="90d", show_default=True, help="Such as 30d, 12h or 90m.")
@talks_to_service
def create(client: Client, title: str, role: str, expires_in: int, as_json: bool) -> None:
    """Create a token; it is shown this once."""
    item = client.post("/api/tokens", {"title": title, "role": role, "expires_in": expires_in})
    if as_json:
        print_json(item)
        return
    click.echo(item["token"])
    click.echo(f"For {title}, {role} until {item['expires_at']}. It is not shown again.", err=True)


@token.command("list")
@talks_to_service
def list_tokens(client: Client, as_json: bool) -> None:
    """List tokens: who has access and until when."""
    items = client.get("/api/tokens")["tokens"]
    if as_json:
        print_json(items)
        return
    columns = ["id", "title", "role", "created_by", "expires_at"]
    rows = [[item[name] for name in columns] for item in items]
    print_table(["ID", "TITLE", "ROLE", "CREATED BY", "EXPIRES"], rows, empty="No tokens.")


@token.command()
@click.argument("token_id", metavar="ID")
@talks_to_service
def revoke(client: Client, token_id: str, as_json: bool) -> None:
    """End a token at once, with the browser sessions that were opened with it."""
    client.delete(f"/api/tokens/{token_id}")
    if as_json:
        print_json({"revoked": token_id})
    else:
        say(f"{token_id} opens nothing any more.")
