"""`certify account` and `certify authority`."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service


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
        click.echo(f"Account {opened['url']} at {opened['directory']}.")


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
