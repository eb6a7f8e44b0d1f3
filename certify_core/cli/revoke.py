"""`certify revoke`: a certificate is not to be trusted any more."""

from __future__ import annotations

import sys
from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.completers import certificate_names
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import say
from certify_core.cli.progress import follow

REASONS = ("unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation")


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@click.option("--reason", type=click.Choice(REASONS), default="unspecified", show_default=True)
@click.option("--serial", metavar="HEX", help="An earlier certificate; the current one if not given.")
@click.option("--renew/--no-renew", default=True, show_default=True, help="Request the current certificate anew.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait/--no-wait", default=False, help="Wait until the new one is deployed; exit 0 only then.")
@click.option("--timeout", default=600.0, show_default=True, help="Longest silence while waiting, in seconds.")
@talks_to_service
def revoke(
    client: Client,
    certificate: str,
    reason: str,
    serial: str | None,
    renew: bool,
    yes: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Revoke the certificate of CERTIFICATE (a name or an id) for good, and request another one in its place."""
    document = client.find(certificate)
    if not yes:
        which = serial or (document["issued"] or {}).get("serial", "-")
        click.confirm(f"Revoke certificate {which} of {document['name']} for good?", abort=True, err=True)
    wish = {"reason": reason, "serial": serial, "renew": renew}
    revocation = client.post(f"/api/managedcertificates/{document['id']}/revoke", wish)
    outcome = None
    if not as_json:
        say(_told(document["name"], revocation, wait=wait))
    if revocation["operation"] and wait:
        outcome = follow(client, revocation["operation"], as_json=as_json, patience=timeout)[1]
    if as_json:
        print_json({"revocation": revocation, "outcome": outcome})
    if revocation["state"] != "revoked" or outcome == "failed":
        sys.exit(Exit.FAILED)


def _told(name: str, revocation: dict[str, Any], *, wait: bool) -> str:
    which = f"{name}: certificate {revocation['serial']}"
    if revocation["state"] != "revoked":
        cause, again = revocation["failure"]["cause"], revocation["next_attempt_at"]
        return f"{which} is not revoked yet: {cause} It is tried again by itself, next at {again}."
    anew = " A new one is requested." if revocation["operation"] and not wait else ""
    return f"{which} is revoked ({revocation['reason']}).{anew}"
