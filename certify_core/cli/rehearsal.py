"""`certify test`, and `certify request --dry-run`: whether a certificate could be had, tried at no cost."""

from __future__ import annotations

import sys
from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.completers import certificate_names
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import is_quiet
from certify_core.cli.progress import show_step, working

PATIENCE = 900.0
"""Seconds: an authority for tests has its time for validation and issuance."""
_EXITS = {"passed": Exit.DONE, "warning": Exit.WARNING, "failed": Exit.FAILED}


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@click.option("--order", is_flag=True, help="Order a certificate at the authority for tests too, and forget it.")
@talks_to_service
def test(client: Client, certificate: str, order: bool, as_json: bool) -> None:
    """Try whether CERTIFICATE (a name or an id) could be renewed and deployed; change nothing.

    Nothing is asked of its authority that counts. Exit codes: 0 all went well, 1 something would fail, 6 it may fail.
    """
    document = client.find(certificate)
    rehearse(client, f"/api/managedcertificates/{document['id']}/test", {"order": order}, as_json=as_json)


def rehearse(client: Client, path: str, wish: dict[str, Any], *, as_json: bool) -> None:
    """Have a rehearsal, show its steps, and end as it went."""
    with working("trying", as_json=as_json) as (console, _):
        answer = client.post(path, wish, patience=PATIENCE)
    steps = answer["steps"]
    if as_json:
        print_json(answer)
    width = max(len(step["name"]) for step in steps) + 2
    for step in [] if as_json else steps:
        if is_quiet() and step["outcome"] in {"passed", "skipped"}:
            continue
        remedy = step["failure"]["remedy"] if step["failure"] else ""
        show_step(console, step["name"], f"{step['told']} {remedy}".strip(), step["outcome"], width=width)
    sys.exit(_EXITS[answer["outcome"]])
