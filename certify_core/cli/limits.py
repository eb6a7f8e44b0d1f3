"""`certify limits`: what authorities still give, and when there is more."""

from __future__ import annotations

from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service

COLUMNS = ["AUTHORITY", "LIMIT", "OF", "SPENT", "LEFT", "NEXT FREE"]


@click.command()
@click.option("--ca", metavar="ID|URL", help="Only those of this authority.")
@talks_to_service
def limits(client: Client, ca: str | None, as_json: bool) -> None:
    """Show what was spent of each authority's rate limits, and what is left."""
    authorities = client.get("/api/limits", authority=ca)["authorities"]
    if as_json:
        print_json(authorities)
        return
    rows = [row for authority in authorities for row in _rows(authority)]
    print_table(COLUMNS, rows, empty="No limits are known.")


def _rows(authority: dict[str, Any]) -> list[list[str]]:
    name = authority["authority"]
    spent = [
        [
            name,
            f"{limit['kind']}, {limit['count']} in {_duration(limit['window_seconds'])}",
            item["subject"] or "the account",
            str(item["spent"]),
            str(item["left"]),
            "now" if item["left"] else item["next_free_at"],
        ]
        for limit in authority["limits"]
        for item in limit["subjects"] or [{"subject": "-", "spent": 0, "left": limit["count"]}]
    ]
    announced = [
        [name, f"{item['kind']}, announced", item["subject"] or "the account", "-", "0", item["until"]]
        for item in authority["announced"]
    ]
    return spent + announced


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"
