"""`certify account` and `certify authority`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import say
from certify_core.cli.request import KEY_TYPES


@click.group()
def account() -> None:
    """Accounts at certificate authorities."""


@account.command("list")
@talks_to_service
def list_accounts(client: Client, as_json: bool) -> None:
    """List accounts; their keys are never shown."""
    accounts = client.get("/api/accounts")["accounts"]
    if as_json:
        print_json(accounts)
        return
    rows = [[item["directory"], item["url"] or "not yet confirmed", ", ".join(item["contact"])] for item in accounts]
    print_table(["DIRECTORY", "ACCOUNT", "CONTACT"], rows, empty="No accounts; one is opened with the first request.")


@account.command()
@click.option("--ca", required=True, metavar="ID|URL", help="Certificate authority or ACME directory.")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots of the ACME directory.")
@click.option("--contact", multiple=True, metavar="MAIL", help="Mail address; repeatable.")
@click.option("--eab-kid", help="Key id of an external account binding.")
@click.option("--eab-hmac-file", type=click.File(), help="File with its HMAC key; asked for if not given.")
@talks_to_service
def add(
    client: Client,
    ca: str,
    ca_bundle: Path | None,
    contact: tuple[str, ...],
    eab_kid: str | None,
    eab_hmac_file: TextIO | None,
    as_json: bool,
) -> None:
    """Open an account, with an external account binding where the authority wants one."""
    eab = None
    if eab_kid:
        hmac_key = eab_hmac_file.read().strip() if eab_hmac_file else click.prompt("HMAC key", hide_input=True)
        eab = {"kid": eab_kid, "hmac_key": hmac_key}
    wish = {
        "authority": ca,
        "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None,
        "contact": list(contact),
        "eab": eab,
    }
    opened = client.post("/api/accounts", wish)
    if as_json:
        print_json(opened)
    else:
        say(f"Account {opened['url']} at {opened['directory']}.")


@account.command("import")
@click.option("--ca", required=True, metavar="ID|URL", help="Certificate authority or ACME directory.")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots of the ACME directory.")
@click.option("--key", "key_file", required=True, type=click.File(), help="PEM file, or certbot's private_key.json.")
@click.option("--replace", is_flag=True, help="Forget another account at this authority, with its key.")
@talks_to_service
def import_account(
    client: Client, ca: str, ca_bundle: Path | None, key_file: TextIO, replace: bool, as_json: bool
) -> None:
    """Use an account that another program has opened, by its private key."""
    wish = {
        "authority": ca,
        "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None,
        "account_key": _text(key_file),
        "replace": replace,
    }
    imported = client.post("/api/accounts/import", wish)
    if as_json:
        print_json(imported)
    else:
        say(f"Account {imported['url']} at {imported['directory']} is used from now on.")


@account.command()
@click.argument("ca", metavar="ID|URL")
@click.option("--key-type", type=click.Choice(KEY_TYPES), default="ecdsa-p256", show_default=True)
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots, if they have moved.")
@talks_to_service
def rollover(client: Client, ca: str, key_type: str, ca_bundle: Path | None, as_json: bool) -> None:
    """Have a new key sign for the account at an authority (its id, or the address of directory or account)."""
    wish = {"key_type": key_type, "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None}
    changed = client.post(f"/api/accounts/{_find(client, ca)['id']}/rollover", wish)
    if as_json:
        print_json(changed)
    else:
        say(f"Account {changed['url']} has a new key: {changed['algorithm']}, {changed['thumbprint']}.")


@account.command()
@click.argument("ca", metavar="ID|URL")
@click.option("--force", is_flag=True, help="Even if managed certificates use this authority.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots, if they have moved.")
@talks_to_service
def deactivate(client: Client, ca: str, force: bool, yes: bool, ca_bundle: Path | None, as_json: bool) -> None:
    """Close the account at an authority (its id, or the address of directory or account) for good."""
    document = client.get(f"/api/accounts/{_find(client, ca)['id']}")
    users = [user["name"] for user in document["used_by"]]
    if users:
        click.echo(f"These managed certificates use {document['directory']}: {', '.join(users)}", err=True)
    if not yes and (force or not users):
        click.confirm(f"Close the account {document['url']} for good?", abort=True, err=True)
    wish = {"force": force, "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None}
    client.post(f"/api/accounts/{document['id']}/deactivate", wish)
    if as_json:
        print_json({"deactivated": document["url"]})
    else:
        say(f"Account {document['url']} is closed; the next request at its authority opens another one.")


def _find(client: Client, ca: str) -> dict[str, Any]:
    """Return the account at an authority that is given by its id or by an address."""
    accounts: list[dict[str, Any]] = client.get("/api/accounts")["accounts"]
    for item in accounts:
        if ca in {item["directory"], item["url"], *item["authorities"]}:
            return item
    raise ServiceRefused(Exit.NOT_FOUND, f"There is no account at {ca}.", "See `certify account list`.")


def _text(file: TextIO) -> str:
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise click.BadParameter("This is no text, so neither PEM nor JSON.", param_hint="--key") from error


@click.group()
def authority() -> None:
    """Certificate authorities to choose from."""


@authority.command("list")
@talks_to_service
def list_authorities(client: Client, as_json: bool) -> None:
    """List the authorities that plugins bring; any other ACME directory can be given by its address."""
    authorities = client.get("/api/authorities")["authorities"]
    if as_json:
        print_json(authorities)
        return
    rows = [[item["id"], item["title"], item["directory"] or "-"] for item in authorities]
    print_table(["ID", "TITLE", "DIRECTORY"], rows, empty="No authorities.")
