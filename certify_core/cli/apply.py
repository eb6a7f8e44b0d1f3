"""`certify apply`: make everything as files say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, talks_to_service
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.plan import exit_of, print_plan

PATIENCE = 900.0
"""Seconds: accounts are opened at their authorities meanwhile."""


@click.command()
@click.option(
    "-f",
    "--file",
    "where",
    required=True,
    type=click.Path(path_type=Path, exists=True),
    help="File or folder to apply.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan alone.")
@click.option("--prune", is_flag=True, help="Delete what was applied from there before and is there no more.")
@click.option("--force", is_flag=True, help="Overwrite what was made or changed by hand.")
@click.option("--source", help="What the folder is called, where its path changes; default: its path.")
@talks_to_service
def apply(
    client: Client, where: Path, dry_run: bool, prune: bool, force: bool, source: str | None, as_json: bool
) -> None:
    """Make managed certificates, credentials, authorities and accounts as a file says, or all files of a folder.

    YAML, JSON and TOML; a second time nothing is left to do. Exit 5 if something stays as it is because it was made or
    changed by hand.
    """
    from certify_core.configuration.reading import source_of

    wishes = {
        "source": source or source_of(where),
        "documents": _documents(where),
        "prune": prune,
        "force": force,
    }
    verb = "plan" if dry_run else "apply"
    try:
        applied = client.post(f"/api/configuration/{verb}", wishes, patience=PATIENCE)
    except ServiceRefused as error:
        raise _with_places(error) from None
    if as_json:
        print_json(applied)
    else:
        print_plan(applied["steps"], planned=dry_run)
    sys.exit(exit_of(applied["steps"]))


def _documents(where: Path) -> list[dict[str, Any]]:
    """Return all documents with their places and secrets, as they are sent."""
    from certify_core.configuration.lookup import with_secrets
    from certify_core.configuration.reading import read

    reading = with_secrets(read(where), where if where.is_dir() else where.parent)
    if reading.problems:
        problems = [{**problem.model_dump(mode="json")} for problem in reading.problems]
        raise _refused(problems, {"title": "InvalidDocuments", "failure_class": "user"})
    return [
        {
            "file": document.file,
            "content": document.content,
            "positions": document.positions,
            "secrets": {path: secret.get_secret_value() for path, secret in document.secrets.items()},
        }
        for document in reading.documents
    ]


def _with_places(error: ServiceRefused) -> ServiceRefused:
    problems = error.problem.get("problems")
    return _refused(problems, error.problem) if problems else error


def _refused(problems: list[dict[str, Any]], answer: dict[str, Any]) -> ServiceRefused:
    lines = [
        f"{item['file']}:{item['line']}:{item['column']}: {item['cause']} {item['remedy']}".rstrip()
        for item in problems
    ]
    return ServiceRefused(
        Exit.USAGE, "\n".join(["Nothing was applied.", *lines]), problem={**answer, "problems": problems}
    )
