"""A plan for people: coloured on a terminal, plain stable lines in a pipe."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click
import orjson

from certify_core.cli.exits import Exit
from certify_core.cli.loudness import is_quiet, say

_STYLES = {
    "create": "green",
    "change": "yellow",
    "adopt": "green",
    "delete": "red",
    "release": "red",
    "conflict": "bold magenta",
    "left": "dim",
    "failed": "bold red",
}
_DONE = {
    "create": "created",
    "change": "changed",
    "adopt": "adopted",
    "delete": "deleted",
    "release": "released",
    "left": "left",
    "unchanged": "unchanged",
    "conflict": "in conflict",
    "failed": "failed",
}

Step = dict[str, Any]


def print_plan(steps: list[Step], *, planned: bool) -> None:
    """Print what was done, or what would be; with --quiet no more than the plan that was asked for, and failures."""
    for step in steps:
        fate = _fate(step)
        if fate != "unchanged" and (planned or fate in {"failed", "conflict"} or not is_quiet()):
            _print_step(step)
    counts = Counter(_fate(step) for step in steps)
    changed = counts.keys() - {"unchanged", "left"}
    told = ", ".join(f"{counts[fate]} {word}" for fate, word in _DONE.items() if counts[fate])
    if not changed:
        say(f"Nothing to do: {told}." if told else "Nothing to do.")
    else:
        say(f"{'This would be done' if planned else 'Done'}: {told}.")
    if counts["conflict"]:
        click.echo("What was made or changed by hand stays as it is; --force overwrites it.", err=True)


def exit_of(steps: list[Step]) -> Exit:
    """Return how the command ends."""
    fates = {_fate(step) for step in steps}
    if "failed" in fates:
        return Exit.FAILED
    return Exit.CONFLICT if "conflict" in fates else Exit.DONE


def _fate(step: Step) -> str:
    return "failed" if step["failure"] else str(step["action"])


def _print_step(step: Step) -> None:
    fate = _fate(step)
    reason = f"{step['failure']['cause']} {step['failure']['remedy']}" if step["failure"] else step["reason"]
    place = f"  ({step['file']}:{step['line']})" if step["line"] else ""
    _print(f"{fate:<9} {step['kind']} {step['name']}{place}", _STYLES[fate])
    if reason:
        _print(f"          {reason}", _STYLES[fate])
    for change in step["changes"]:
        _print(f"          {_change(change)}", "magenta" if change["by_hand"] else "")


def _change(change: dict[str, Any]) -> str:
    by_hand = "  (changed by hand)" if change["by_hand"] else ""
    if change["before"] is None:
        return f"{change['field']}: {_value(change['after'])}{by_hand}"
    return f"{change['field']}: {_value(change['before'])} -> {_value(change['after'])}{by_hand}"


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) and value.isprintable() and value else orjson.dumps(value).decode()


def _print(text: str, style: str) -> None:
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(text, style=style), soft_wrap=True)
