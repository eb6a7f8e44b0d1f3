"""`certify doctor`: every health check, with the running service or without one, and what can be mended."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import json_option, print_json
from certify_core.cli.data_dir import data_dir_option
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.domain.finding import Severity
from certify_core.errors import CertifyError
from certify_core.health.checkup import Checkup, Repair
from certify_core.health.installation import other_version
from certify_core.health.permissions import PermissionsCheck

PATIENCE = 120.0
"""Seconds; every check has a limit of its own."""
_EXITS = {Severity.ERROR: Exit.FAILED, Severity.WARNING: Exit.WARNING}
_COLOURS = {Severity.OK: "green", Severity.NOTE: "blue", Severity.WARNING: "yellow", Severity.ERROR: "red"}

Document = dict[str, Any]


@click.command()
@data_dir_option
@click.option("--fix", is_flag=True, help="Mend what can be mended without harm.")
@json_option
def doctor(data_dir: Path, fix: bool, as_json: bool) -> None:
    """Look for everything that keeps Certify from working, and say what to do.

    Without a running service it says why there is none, and checks what can be checked without one. Exit codes: 0 all
    is well, 1 something does not work, 6 it works and needs attention.
    """
    try:
        document = _asked(data_dir, fix=fix)
    except (ServiceRefused, CertifyError) as error:
        document = _by_ourselves(data_dir, str(error).splitlines()[0], fix=fix)
    if as_json:
        print_json(document)
    else:
        _print(document)
    sys.exit(_EXITS.get(Severity(document["worst"]), Exit.DONE))


def _asked(data_dir: Path, *, fix: bool) -> Document:
    """Return what the running service says."""
    client = Client(data_dir)
    more = other_version(client.get("/api/system/appversion"))
    repairs = _mended_as_root(data_dir) if fix else []
    answer = client.post("/api/health/fix" if fix else "/api/health/check", {} if fix else None, patience=PATIENCE)
    findings = [*answer["findings"], *map(asdict, more)]
    repairs += answer.get("repairs", [])
    return {**answer, "service": client.url, "repairs": repairs, "findings": findings, "worst": _worst(findings)}


def _mended_as_root(data_dir: Path) -> list[Document]:
    """Mend what the service itself may not, such as files of another account, if whoever calls this is root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    return list(map(_repair, Checkup([PermissionsCheck(data_dir)]).fix()))


def _worst(findings: list[Document]) -> Severity:
    order = list(Severity)
    return max((Severity(finding["severity"]) for finding in findings), key=order.index, default=Severity.OK)


def _by_ourselves(data_dir: Path, reason: str, *, fix: bool) -> Document:
    """Return what can be seen without the service; `reason` is why it was of no help."""
    from certify_core.service.offline import offline_checkup

    checkup = offline_checkup(data_dir, reason)
    repairs = checkup.fix() if fix else []
    report = checkup.report or checkup.run()
    return {
        "service": None,
        "repairs": list(map(_repair, repairs)),
        "worst": report.worst,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _repair(item: Repair) -> Document:
    return {"code": item.finding.code, "subject": item.finding.subject, "fixed": item.fixed, "told": item.told}


def _print(document: Document) -> None:
    for repair in document["repairs"]:
        click.echo(f"{click.style('fixed' if repair['fixed'] else 'not fixed', bold=True)}  {repair['told']}")
    order = list(Severity)
    for finding in sorted(document["findings"], key=lambda finding: -order.index(Severity(finding["severity"]))):
        severity = Severity(finding["severity"])
        click.echo(f"{click.style(f'{severity:<8}', fg=_COLOURS[severity])} {finding['what']}")
        for line in filter(None, (finding["evidence"], finding["remedy"] and f"→ {finding['remedy']}")):
            click.echo(f"         {line}")
    counts = Counter(finding["severity"] for finding in document["findings"])
    by = f"the service at {document['service']}" if document["service"] else "this command, without the service"
    click.echo(f"\n{', '.join(f'{counts[severity]} {severity}' for severity in Severity)}; checked by {by}")
