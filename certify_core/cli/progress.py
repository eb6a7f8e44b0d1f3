"""Watching long work: a line for each step as it happens, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from certify_core.cli.client import Client
from certify_core.cli.common import print_json
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import is_quiet, say

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {
    "passed": ("✓", "+", "green"),
    "warning": ("!", "!", "yellow"),
    "failed": ("✗", "x", "red"),
    "skipped": ("-", "-", "dim"),
}
"""By outcome: a mark, one for terminals without Unicode, and a colour."""
_BAD = {"failed", "deployment failed", "revocation failed", "warning"}


def watch(client: Client, operation: str, certificate_id: str, *, as_json: bool, patience: float) -> Exit:
    """Show an operation until it ends; return the exit code that says how."""
    events, outcome = follow(client, operation, as_json=as_json, patience=patience)
    if as_json:
        certificate = client.get(f"/api/managedcertificates/{certificate_id}")
        print_json({"outcome": outcome, "certificate": certificate, "events": events})
    return Exit.DONE if outcome == "succeeded" else Exit.FAILED


def follow(client: Client, operation: str, *, as_json: bool, patience: float) -> tuple[list[dict[str, Any]], str]:
    """Show every event of an operation, or with --quiet what goes wrong; return them and the outcome."""
    events: list[dict[str, Any]] = []
    outcome = "failed"
    with working("waiting for the service", as_json=as_json) as (console, told):
        for kind, event in client.events(f"/api/operations/{operation}/events", patience=patience):
            if kind == "ended":
                outcome = event["outcome"]
                break
            events.append(event)
            if kind == "settled":
                continue
            told(f"after {kind}")
            bad = event["kind"] in _BAD
            if not as_json and (bad or not is_quiet()):
                show_step(console, event["kind"], event["message"], "failed" if bad else "passed")
    return events, outcome


@contextmanager
def working(what: str, *, as_json: bool) -> Iterator[tuple[Console, Callable[[str], None]]]:
    """Show on a terminal that something goes on; give the console, and what changes the words for it."""
    from rich.console import Console

    console = Console(stderr=as_json)
    if is_quiet():
        yield console, lambda _: None
        return
    with console.status(what) as status:
        yield console, status.update


def show_step(console: Console, label: str, message: str, outcome: str = "passed", *, width: int = 20) -> None:
    """Print one step; in one piece, or a running spinner would wipe out half of the line."""
    from rich.text import Text

    mark, plain, style = _MARKS[outcome]
    try:
        mark.encode(console.encoding)
    except UnicodeEncodeError:
        mark = plain
    line = Text.assemble((mark, style), " ", (f"{label:<{width}}", "bold"), message)
    console.print(line, highlight=False, soft_wrap=True)


def not_waiting(certificate_id: str, name: str, *, as_json: bool) -> None:
    """Say that work goes on without us."""
    if as_json:
        print_json({"certificate_id": certificate_id, "outcome": None})
    else:
        say(f"{name}: started; see how it goes with `certify log {certificate_id}`.")
