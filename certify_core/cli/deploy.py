"""`certify deploy` and `certify verify`: put the current certificate in place again, and see whether it is served."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from certify_core.cli.chosen import chosen_certificates, chosen_deployments
from certify_core.cli.client import Client, Document
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.completers import certificate_names
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import say
from certify_core.cli.progress import follow, working

PATIENCE = 3900.0
"""Seconds: a target may give a server an hour to show the certificate."""
PREVIEW = ["CERTIFICATE", "TARGET", "ACTION", "SUBJECT", "DETAIL", "DEPLOYMENT"]
SEEN = ["CERTIFICATE", "TARGET", "SERVED", "WHY NOT", "DEPLOYMENT"]


def _of_certificates(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its certificates and targets."""
    command = click.option("--all", "everything", is_flag=True, help="All managed certificates.")(command)
    command = click.option("--target", "targets", multiple=True, metavar="TARGET|ID", help="Only there; repeatable.")(
        command
    )
    return click.argument("certificates", nargs=-1, shell_complete=certificate_names)(command)


@click.command()
@_of_certificates
@click.option("--preview", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is in place; exit 0 only then.")
@click.option("--timeout", default=600.0, show_default=True, help="Longest silence while waiting, in seconds.")
@talks_to_service
def deploy(
    client: Client,
    certificates: tuple[str, ...],
    everything: bool,
    targets: tuple[str, ...],
    preview: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Deploy the current certificate of CERTIFICATES (names or ids) again now, everywhere or to one target."""
    chosen = [
        (document, chosen_deployments(document, targets))
        for document in chosen_certificates(client, certificates, everything=everything)
        if not everything or (document["issued"] and document["deployments"])
    ]
    if preview:
        _preview(client, chosen, as_json=as_json)
        return
    results = [_deploy(client, document, ids, wait=wait, patience=timeout, as_json=as_json) for document, ids in chosen]
    if as_json:
        print_json({"deployments": results})
    elif not results:
        say("Nothing is deployed anywhere.")
    elif not wait:
        say(f"{len(results)} started; see how they go with `certify list`.")
    if any(result["outcome"] == "failed" for result in results):
        sys.exit(Exit.FAILED)


def _deploy(
    client: Client, document: Document, ids: list[str], *, wait: bool, patience: float, as_json: bool
) -> dict[str, Any]:
    started = client.post(f"/api/managedcertificates/{document['id']}/deploy", {"deployments": ids})
    outcome = follow(client, started["operation"], as_json=as_json, patience=patience)[1] if wait else None
    return {"certificate_id": document["id"], "name": document["name"], "outcome": outcome}


def _preview(client: Client, chosen: list[tuple[Document, list[str]]], *, as_json: bool) -> None:
    planned = []
    for document, ids in chosen:
        plan = client.get(f"/api/managedcertificates/{document['id']}/plan")["deployments"]
        kept = [item for item in plan if not ids or item["deployment"] in ids]
        planned.append({"certificate_id": document["id"], "name": document["name"], "deployments": kept})
    failures = [item for one in planned for item in one["deployments"] if item["failure"]]
    if as_json:
        print_json({"certificates": planned})
    else:
        rows = [
            [one["name"], item["target"], change["action"], change["subject"], change["detail"], item["deployment"]]
            for one in planned
            for item in one["deployments"]
            for change in item["changes"]
        ]
        print_table(PREVIEW, rows, empty="Nothing would be done.")
        for item in failures:
            click.echo(f"{item['target']}: {_told(item['failure'])}", err=True)
    if failures:
        sys.exit(Exit.FAILED)


@click.command()
@_of_certificates
@talks_to_service
def verify(
    client: Client, certificates: tuple[str, ...], everything: bool, targets: tuple[str, ...], as_json: bool
) -> None:
    """Look whether every endpoint of CERTIFICATES (names or ids) serves the current certificate; change nothing."""
    seen = []
    with working("looking", as_json=as_json):
        for document in chosen_certificates(client, certificates, everything=everything):
            if everything and not document["issued"]:
                continue
            wish = {"deployments": chosen_deployments(document, targets)}
            answer = client.post(f"/api/managedcertificates/{document['id']}/verify", wish, patience=PATIENCE)
            seen.append({"certificate_id": document["id"], "name": document["name"], **answer})
    if as_json:
        print_json({"certificates": seen})
    else:
        rows = [_line(one["name"], item) for one in seen for item in one["deployments"]]
        print_table(SEEN, rows, empty="Nothing is deployed anywhere.")
        for item in (item for one in seen for item in one["deployments"] if item["failure"]):
            click.echo(f"{item['target']}: {_told(item['failure'])}", err=True)
    if not all(one["verified"] for one in seen):
        sys.exit(Exit.FAILED)


def _line(name: str, item: dict[str, Any]) -> list[str]:
    cause = item["failure"]["cause"] if item["failure"] else ""
    return [name, item["target"], "yes" if item["verified"] else "no", cause, item["deployment"]]


def _told(failure: dict[str, Any]) -> str:
    return f"{failure['cause']} {failure['remedy']}".strip()
