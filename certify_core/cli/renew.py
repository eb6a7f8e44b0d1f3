"""`certify renew`: now, whatever the schedule says."""

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


@click.command()
@click.argument("certificates", nargs=-1, shell_complete=certificate_names)
@click.option("--all-due", is_flag=True, help="All that are due, and all that wait after a failure.")
@click.option(
    "--use-last-duplicate", is_flag=True, help="Even if it is the last one that the authority gives for these names."
)
@click.option("--wait/--no-wait", default=False, help="Wait until all are deployed; exit 0 only then.")
@click.option("--timeout", default=600.0, show_default=True, help="Longest silence while waiting, in seconds.")
@talks_to_service
def renew(
    client: Client,
    certificates: tuple[str, ...],
    all_due: bool,
    use_last_duplicate: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Renew CERTIFICATES (names or ids) now, or --all-due."""
    if bool(certificates) == all_due:
        raise click.UsageError("Name certificates, or give --all-due.")
    if all_due and use_last_duplicate:
        raise click.UsageError("--use-last-duplicate is for certificates that you name.")
    started = _start(client, certificates, {"use_last_duplicate": use_last_duplicate})
    results = [
        {
            "certificate_id": item["certificate_id"],
            "outcome": _outcome(client, item, timeout, as_json) if wait else None,
        }
        for item in started
    ]
    if as_json:
        print_json({"renewals": results})
    elif not results:
        say("Nothing is due.")
    elif not wait:
        say(f"{len(results)} started; see how they go with `certify list`.")
    if any(result["outcome"] == "failed" for result in results):
        sys.exit(Exit.FAILED)


def _start(client: Client, certificates: tuple[str, ...], wish: dict[str, bool]) -> list[dict[str, Any]]:
    if not certificates:
        started: list[dict[str, Any]] = client.post("/api/managedcertificates/request-due")["started"]
        return started
    found = [client.find(certificate) for certificate in certificates]
    return [client.post(f"/api/managedcertificates/{document['id']}/request", wish) for document in found]


def _outcome(client: Client, started: dict[str, Any], patience: float, as_json: bool) -> str:
    return follow(client, started["operation"], as_json=as_json, patience=patience)[1]
