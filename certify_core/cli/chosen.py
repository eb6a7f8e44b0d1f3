"""Which managed certificates and which of their deployments a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from certify_core.cli.client import Client, Document
from certify_core.cli.exits import Exit, ServiceRefused

PAGE = 1000


def chosen_certificates(client: Client, names: tuple[str, ...], *, everything: bool) -> Iterator[Document]:
    """Give the managed certificates of these names or ids, or every one.

    Raises:
        UsageError: neither or both are given.
    """
    if bool(names) == everything:
        raise click.UsageError("Name certificates, or give --all.")
    if names:
        yield from [client.find(name) for name in names]  # all are found before anything is done
        return
    after: str | None = None
    while True:
        page = client.get("/api/managedcertificates", limit=PAGE, after=after)
        for item in page["items"]:
            yield client.get(f"/api/managedcertificates/{item['id']}")
        after = page["next"]
        if after is None:
            return


def chosen_deployments(certificate: Document, targets: tuple[str, ...]) -> list[str]:
    """Return the ids of the deployments to these targets, given by their names or ids; nothing if none is given.

    Raises:
        ServiceRefused: it is not deployed there.
    """
    deployments: list[dict[str, Any]] = certificate["deployments"]
    chosen: list[str] = []
    for target in targets:
        found = [item["id"] for item in deployments if target in {item["id"], item["target"]}]
        if not found:
            there = ", ".join(f"{item['target']} ({item['id']})" for item in deployments) or "none"
            raise ServiceRefused(
                Exit.NOT_FOUND, f"{certificate['name']} is not deployed to {target}.", f"Its deployments: {there}."
            )
        chosen += [one for one in found if one not in chosen]
    return chosen
