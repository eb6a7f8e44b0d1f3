"""Watching long work: a line for each step as it happens, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json
from certify_core.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

_BAD = {"failed", "deployment failed", "revocation failed", "warning"}


def watch(client: Client, operation: str, certificate_id: str, *, as_json: bool, patience: float) -> Exit:
    """Show an operation until it ends; return the exit code that says how."""
    events, outcome = follow(client, operation, as_json=as_json, patience=patience)
    if as_json:
        certificate = client.get(f"/api/managedcertificates/{certificate_id}")
        print_json({"outcome": outcome, "certificate": certificate, "events": events})
    return Exit.DONE if outcome == "succeeded" else Exit.FAILED


def follow(client: Client, operation: str, *, as_json: bool, patience: float) -> tuple[list[dict[str, Any]], str]:
    """Show every event of an operation; return them and the outcome."""
    from rich.console import Console

    console = Console(stderr=as_json)
    events: list[dict[str, Any]] = []
    outcome = "failed"
    with console.status("waiting for the service") as status:
        for kind, event in client.events(f"/api/operations/{operation}/events", patience=patience):
            if kind == "ended":
                outcome = event["outcome"]
                break
            events.append(event)
            if kind == "settled":
                continue
            status.update(f"after {kind}")
            if not as_json:
                show_step(console, event["kind"], event["message"], good=event["kind"] not in _BAD)
    return events, outcome


def show_step(console: Console, label: str, message: str, *, good: bool) -> None:
    """Print one step; in one piece, or a running spinner would wipe out half of the line."""
    from rich.text import Text

    mark = "✓" if good else "✗"
    try:
        mark.encode(console.encoding)
    except UnicodeEncodeError:
        mark = "+" if good else "x"
    style = "green" if good else "red"
    line = Text.assemble((mark, style), " ", (f"{label:<20}", "bold"), message)
    console.print(line, highlight=False, soft_wrap=True)


def not_waiting(certificate_id: str, name: str, *, as_json: bool) -> None:
    """Say that work goes on without us."""
    if as_json:
        print_json({"certificate_id": certificate_id, "outcome": None})
    else:
        click.echo(f"{name}: started; see how it goes with `certify log {certificate_id}`.")
