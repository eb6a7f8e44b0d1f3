"""What completes on the command line besides options: certificates, and what plugins offer and ask for.

The running service is asked; where there is none, nothing completes and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

MANY = 200
"""So many names are offered at most."""

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def certificate_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a managed certificate."""
    items = _ask(context, "/api/managedcertificates", search=incomplete, limit=MANY).get("items", [])
    named = [item for item in items if item["name"].startswith(incomplete)]
    return [CompletionItem(item["name"], help=item["status"]) for item in named]


def choices_of(kind: str) -> Completer:
    """Return what completes NAME:KEY=VALUE,... for what plugins offer of a kind, such as ``deployment target``."""

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        providers = [item for item in _ask(context, "/api/providers").get("providers", []) if item["kind"] == kind]
        head, colon, given = incomplete.partition(":")
        if not colon:
            return [
                CompletionItem(f"{item['name']}:" if item["parameters"] else item["name"], help=item["title"])
                for item in providers
                if item["name"].startswith(incomplete)
            ]
        name = head.partition("@")[0]
        found = next((item for item in providers if item["name"] == name), None)
        return _next_parameters(found["parameters"], f"{head}:", given) if found else []

    return complete


complete_challenge = choices_of("challenge provider")
complete_deployment = choices_of("deployment target")
complete_notifier = choices_of("notifier")


def provider_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of what a plugin offers."""
    found = _ask(context, "/api/providers").get("providers", [])
    return [CompletionItem(item["name"], help=item["title"]) for item in found if item["name"].startswith(incomplete)]


def _next_parameters(parameters: list[dict[str, Any]], head: str, given: str) -> list[CompletionItem]:
    before, comma, part = given.rpartition(",")
    if "=" in part:
        return []
    there = {one.partition("=")[0] for one in before.split(",")}
    return [
        CompletionItem(f"{head}{before}{comma}{item['name']}=", help=item["meaning"])
        for item in parameters
        if item["name"] not in there and item["name"].startswith(part)
    ]


def _ask(context: click.Context, path: str, **query: object) -> dict[str, Any]:
    from certify_core.cli.client import Client
    from certify_core.service.config import default_data_dir

    try:
        answer: dict[str, Any] = Client(context.params.get("data_dir") or default_data_dir()).get(path, **query)
    except Exception:  # whatever it is, a line that is being typed is no place to tell it
        return {}
    return answer
