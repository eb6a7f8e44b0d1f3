"""`certify import`: what another machine, or another program, had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json, print_table, talks_to_service
from certify_core.cli.encrypted_export import PATIENCE, encoded
from certify_core.cli.exits import Exit
from certify_core.cli.loudness import say
from certify_core.cli.passphrase import passphrase_option, read_passphrase
from certify_core.domain.schedule import DueReason

DONE = {
    "create": "created",
    "change": "changed",
    "unchanged": "unchanged",
    "conflict": "in conflict",
    "refused": "refused",
}
COLUMNS = ["FATE", "KIND", "NAME", "DETAIL"]


@click.group("import")
def importing() -> None:
    """What another machine or another program had."""


@importing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@click.option("--replace", is_flag=True, help="What is different here gives way to what is in the file.")
@passphrase_option
@talks_to_service
def encrypted(
    client: Client, file: Path, preview: bool, replace: bool, passphrase_file: TextIO | None, as_json: bool
) -> None:
    """Take FILE of `certify export --encrypted`: what was issued is here then, and is not requested again.

    Done again it changes nothing. Ends with 5 if something here is in the way, and with 1 if something cannot be here.
    """
    from certify_core.transfer.envelope import derive, read_header

    with file.open("rb") as content:
        derivation = read_header(content).kdf
        key = derive(read_passphrase(passphrase_file), derivation)
        content.seek(0)
        report = client.send_file(
            "/api/import/encrypted",
            content,
            {"Certify-Key": encoded(key)},
            patience=PATIENCE,
            preview=str(preview).lower(),
            replace=str(replace).lower(),
        )
    _tell(report, as_json=as_json)


@importing.command("csv")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@click.option("--ca", "authority", default="letsencrypt", show_default=True, metavar="ID|URL")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots of the ACME directory.")
@click.option("--no-deploy", is_flag=True, help="Deploy nothing to IIS, whatever the file says.")
@click.option("--request", "begin", is_flag=True, help="Request what is new, and what waits since an earlier import.")
@talks_to_service
def import_csv(
    client: Client,
    file: Path,
    preview: bool,
    authority: str,
    ca_bundle: Path | None,
    no_deploy: bool,
    begin: bool,
    as_json: bool,
) -> None:
    """Look after the certificates in a CSV FILE of Certify The Web. Nothing is requested before you ask.

    If anything in the file is wrong nothing is imported, and it ends with 2.
    """
    wish = {
        "content": _text(file),
        "authority": authority,
        "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None,
        "deploy": not no_deploy,
        "preview": preview,
    }
    report = client.post("/api/import/csv", wish, patience=PATIENCE)
    begun = _begin(client, report) if begin and report["imported"] else []
    if as_json:
        print_json({**report, "requested": begun})
    else:
        _tell_csv(report, begun)
    if report["faults"]:
        sys.exit(Exit.USAGE)


def _begin(client: Client, report: dict[str, Any]) -> list[str]:
    """Request what was never issued; return the names."""
    begun = []
    for certificate_id in dict.fromkeys(item["certificate_id"] for item in report["items"]):
        certificate = client.get(f"/api/managedcertificates/{certificate_id}") if certificate_id else None
        if certificate is not None and certificate["due_reason"] == DueReason.NOT_BEGUN:
            client.post(f"/api/managedcertificates/{certificate_id}/request")
            begun.append(certificate["name"])
    return begun


def _tell_csv(report: dict[str, Any], begun: list[str]) -> None:
    rows = [[str(item["line"]), item["fate"], item["name"], ", ".join(item["identifiers"])] for item in report["items"]]
    if rows:
        print_table(["LINE", "FATE", "NAME", "DOMAINS"], rows, empty="")
    for note in report["notes"]:
        click.echo(note, err=True)
    for item in report["items"]:
        for note in item["notes"]:
            click.echo(f"Line {item['line']}: {note}", err=True)
    for fault in report["faults"]:
        click.echo(f"{fault['text']} {fault['remedy']}".rstrip(), err=True)
    if report["faults"]:
        say("Nothing was imported.")
    elif report["preview"]:
        say(f"Preview; nothing was changed. {report['counts']['create']} would be new.")
    else:
        asked = (
            f"Requested: {', '.join(begun)}." if begun else "Nothing is requested: certify renew NAME, or --request."
        )
        say(f"{report['counts']['create']} are new. {asked}")


def _text(file: Path) -> str:
    octets = file.read_bytes()
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise click.BadParameter(
            f"{file}, line {line}: this is not UTF-8. Save it as CSV UTF-8.", param_hint="FILE"
        ) from error


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    """Show a report, and end as it says."""
    if as_json:
        print_json(report)
    else:
        rows = [[item["fate"], item["kind"], item["name"], item["detail"]] for item in report["items"]]
        print_table(COLUMNS, rows, empty="There is nothing in the file.")
        for item in report["items"]:
            if item["remedy"]:
                click.echo(f"{item['name']}: {item['remedy']}", err=True)
        for sentence in report["left_out"]:
            click.echo(f"Not in the file: {sentence}", err=True)
        counts = ", ".join(f"{number} {DONE[fate]}" for fate, number in report["counts"].items() if number)
        click.echo(
            f"{'Preview; nothing was changed. It would be: ' if report['preview'] else ''}{counts or 'nothing'}."
        )
    if report["counts"]["refused"]:
        sys.exit(Exit.FAILED)
    if report["counts"]["conflict"]:
        sys.exit(Exit.CONFLICT)
