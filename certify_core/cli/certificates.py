"""`certify list`, `show`, `delete` and `log`."""

from __future__ import annotations

from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.completers import certificate_names
from certify_core.cli.loudness import say

STATUSES = ("waiting", "running", "deploying", "healthy", "warning", "error")


@click.command("list")
@click.option("--search", default="", help="Only those whose name or identifiers contain this.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those of this status.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@talks_to_service
def list_certificates(client: Client, search: str, status: str | None, limit: int, as_json: bool) -> None:
    """List managed certificates by name."""
    items, more = _pages(client, search, status, limit)
    if as_json:
        print_json({"items": items, "more": more})
        return
    rows = [
        [item["name"], item["status"], item["expires_at"] or "-", item["next_due_at"] or "-", item["id"]]
        for item in items
    ]
    print_table(["NAME", "STATUS", "EXPIRES", "NEXT", "ID"], rows, empty="No managed certificates.")
    if more:
        click.echo("There are more: raise --limit.", err=True)


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@talks_to_service
def show(client: Client, certificate: str, as_json: bool) -> None:
    """Show the managed CERTIFICATE (a name or an id)."""
    document = client.find(certificate)
    if as_json:
        print_json(document)
        return
    print_table(["FIELD", "VALUE"], [[label, value] for label, value in _lines(document) if value], empty="")


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
@talks_to_service
def delete(client: Client, certificate: str, yes: bool, as_json: bool) -> None:
    """Stop looking after CERTIFICATE; what was deployed stays in place, its key and log here are removed."""
    document = client.find(certificate)
    if not yes:
        click.confirm(f"Delete {document['name']} ({', '.join(document['settings']['identifiers'])})?", abort=True)
    client.delete(f"/api/managedcertificates/{document['id']}", version=document["version"])
    if as_json:
        print_json({"deleted": document["id"]})
    else:
        say(f"{document['name']} is deleted.")


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many entries.")
@talks_to_service
def log(client: Client, certificate: str, limit: int, as_json: bool) -> None:
    """Show what happened to CERTIFICATE, the newest entry last."""
    document = client.find(certificate)
    entries = client.get(f"/api/managedcertificates/{document['id']}/log", limit=limit)["entries"]
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        click.echo(f"{entry['at']}  {entry['kind']:<20} {entry['message']}")


def _pages(client: Client, search: str, status: str | None, limit: int) -> tuple[list[Any], bool]:
    items: list[Any] = []
    after: str | None = None
    while len(items) < limit:
        page = client.get(
            "/api/managedcertificates", search=search, status=status, limit=min(limit - len(items), 1000), after=after
        )
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    return items, after is not None


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    settings, issued = document["settings"], document["issued"] or {}
    lines = [
        ("name", document["name"]),
        ("id", f"{document['id']} (version {document['version']})"),
        ("status", document["status"]),
        ("identifiers", ", ".join(settings["identifiers"])),
        ("authority", settings["authority"]),
        ("key type", settings["key_type"]),
        ("challenge", settings["challenge"]["provider"]),
        ("serial", issued.get("serial", "")),
        ("thumbprint", issued.get("thumbprint", "")),
        ("issuer", issued.get("issuer", "")),
        ("valid", f"{issued['not_before']} to {issued['not_after']}" if issued else ""),
        ("second", _second(issued.get("second") or document["half"])),
        ("next", f"{document['next_due_at']} ({document['due_reason']})" if document["next_due_at"] else ""),
        *_renewal_window(document["ari"] or {}),
        *[("revocation", _revocation(revocation)) for revocation in document["revocations"]],
        ("issued by", issued.get("authority", "")),
        ("left out", _left_out(document)),
        ("failure", _failure(document["failure"])),
    ]
    deployments = [
        (f"deploy {deployment['target']}", f"{deployment['status']} {_failure(deployment['failure'])}")
        for deployment in document["deployments"]
    ]
    return lines + deployments


def _second(issued: dict[str, Any] | None) -> str:
    return f"{issued['serial']} ({issued['thumbprint']}), valid until {issued['not_after']}" if issued else ""


def _left_out(document: dict[str, Any]) -> str:
    names = (document["issued"] or {}).get("left_out")
    again = document["setbacks"]["complete_at"]
    return f"{', '.join(names)}; tried again at {again}" if names else ""


def _renewal_window(ari: dict[str, Any]) -> list[tuple[str, str]]:
    window = f"{ari['start']} to {ari['end']}, chosen {ari['chosen']}" if ari.get("start") else ""
    return [
        ("authority suggests", window),
        ("explanation", ari.get("explanation_url") or ""),
        ("suggestion read", f"next at {ari['next_check_at']}. {ari['problem'] or ''}".strip() if ari else ""),
    ]


def _revocation(revocation: dict[str, Any]) -> str:
    state, reason = revocation["state"], revocation["reason"]
    if state == "revoked":
        return f"{revocation['serial']} revoked ({reason}) at {revocation['revoked_at']}"
    again = f" Next try at {revocation['next_attempt_at']}." if revocation["next_attempt_at"] else ""
    return f"{revocation['serial']} {state} ({reason}). {_failure(revocation['failure'])}{again}"


def _failure(failure: dict[str, Any] | None) -> str:
    return f"{failure['cause']} {failure['remedy']}" if failure else ""
