"""`certify audit`: who did what, and whether anybody has tampered with the trail of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import say

PAGE = 1000


@click.group()
def audit() -> None:
    """Who did what, and whether the trail of it is whole."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@talks_to_service
def list_requests(client: Client, limit: int, as_json: bool) -> None:
    """List changes that were asked for, the newest first."""
    items = client.get("/api/audit", limit=limit)["requests"]
    if as_json:
        print_json(items)
        return
    rows = [
        [str(item["number"]), item.get("at", ""), item.get("who", ""), _what(item), _outcome(item)] for item in items
    ]
    print_table(["NUMBER", "AT", "WHO", "WHAT", "OUTCOME"], rows, empty="Nobody has changed anything.")


@audit.command()
@click.option("--head", help="NUMBER:HASH, as an earlier verification showed it: it has to be in the trail.")
@talks_to_service
def verify(client: Client, head: str | None, as_json: bool) -> None:
    """Look whether anybody has changed, removed or added an entry."""
    verdict = client.get("/api/audit/verify", head=head)
    if as_json:
        print_json(verdict)
    elif verdict["fault"]:
        click.echo(f"{verdict['fault']} Do not trust this trail; compare it with an earlier export.", err=True)
    else:
        click.echo(f"All {verdict['entries']} entries are as they were written. Head: {verdict['head']}")
    if verdict["fault"]:
        sys.exit(Exit.FAILED)


@audit.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@talks_to_service
def export(client: Client, output: Path | None, as_json: bool) -> None:
    """Write all entries as they are chained, one JSON object in a line."""
    entries = _entries(client)
    if output is None:
        for entry in entries:
            click.echo(orjson.dumps(entry).decode())
        return
    count = 0
    with output.open("wb") as file:
        for entry in entries:
            file.write(orjson.dumps(entry) + b"\n")
            count += 1
    if as_json:
        print_json({"entries": count, "file": str(output)})
    else:
        say(f"{count} entries are in {output}.")


def _entries(client: Client) -> Iterator[dict[str, Any]]:
    after = 0
    while page := client.get("/api/audit/export", after=after, limit=PAGE)["entries"]:
        yield from page
        after = page[-1]["number"]


def _what(item: dict[str, Any]) -> str:
    if "method" not in item:
        return f"entries up to {item.get('forgotten')} were forgotten"
    created = (item["outcome"] or {}).get("id")
    shown = f"{item['method']} {item['path']}"
    return f"{shown} ({created})" if created and created not in item["path"] else shown


def _outcome(item: dict[str, Any]) -> str:
    if "method" not in item:
        return ""
    return str(item["outcome"]["status"]) if item["outcome"] else "none yet"
