"""`certify credential`: secrets that many managed certificates share, kept once."""

from __future__ import annotations

from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import parse_choice, print_json, print_table, talks_to_service
from certify_core.cli.loudness import say


@click.group()
def credential() -> None:
    """Stored credentials, for several managed certificates."""


@credential.command("list")
@talks_to_service
def list_credentials(client: Client, as_json: bool) -> None:
    """List stored credentials; what is secret is never shown."""
    items = client.get("/api/credentials")["credentials"]
    if as_json:
        print_json(items)
        return
    rows = [[item["id"], item["provider"], item["title"], _parameters(item)] for item in items]
    print_table(["ID", "PROVIDER", "TITLE", "PARAMETERS"], rows, empty="No stored credentials.")


@credential.command()
@click.argument("credential_id", metavar="ID")
@talks_to_service
def show(client: Client, credential_id: str, as_json: bool) -> None:
    """Show a credential and who uses it."""
    item = client.get(f"/api/credentials/{credential_id}")
    if as_json:
        print_json(item)
        return
    rows = [[name, item[name]] for name in ("id", "provider", "title", "created_at", "updated_at")]
    rows += [["parameters", _parameters(item)], ["used by", ", ".join(item["users"]) or "nobody"]]
    print_table(["FIELD", "VALUE"], rows, empty="")


@credential.command()
@click.argument("credential_id", metavar="ID")
@click.argument("parameters", metavar="PROVIDER:KEY=VALUE,...")
@click.option("--title", default="", help="What it is, for people.")
@talks_to_service
def add(client: Client, credential_id: str, parameters: str, title: str, as_json: bool) -> None:
    """Keep a credential under an ID. A value @FILE is read from that file."""
    choice = parse_choice(parameters, option="PROVIDER")
    wish = {"id": credential_id, "provider": choice.name, "title": title, "parameters": choice.parameters}
    _done(client.post("/api/credentials", wish), as_json)


@credential.command()
@click.argument("credential_id", metavar="ID")
@click.argument("parameters", metavar="KEY=VALUE,...", required=False, default="")
@click.option("--title", help="What it is, for people.")
@talks_to_service
def edit(client: Client, credential_id: str, parameters: str, title: str | None, as_json: bool) -> None:
    """Change a credential; who uses it has the change from the next step on."""
    item = client.get(f"/api/credentials/{credential_id}")
    choice = parse_choice(f"{item['provider']}:{parameters}", option="KEY=VALUE")
    changes: dict[str, Any] = {"title": title, "parameters": choice.parameters or None}
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise click.UsageError("Nothing to change: give parameters or --title.")
    body = {"version": item["version"], "settings": changes}
    _done(client.patch(f"/api/credentials/{credential_id}", body), as_json)


@credential.command()
@click.argument("credential_id", metavar="ID")
@talks_to_service
def delete(client: Client, credential_id: str, as_json: bool) -> None:
    """Remove a credential that nobody uses."""
    client.delete(f"/api/credentials/{credential_id}")
    if as_json:
        print_json({"deleted": credential_id})
    else:
        say(f"{credential_id} is deleted.")


def _done(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(item)
    else:
        say(f"The credential {item['id']} for {item['provider']} is kept, version {item['version']}.")


def _parameters(item: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in item["parameters"].items())
