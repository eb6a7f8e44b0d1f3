"""`certify request`: a new managed certificate, from the names to the last deployment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import parse_choice, talks_to_service
from certify_core.cli.completers import complete_challenge, complete_deployment
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.progress import not_waiting, watch
from certify_core.cli.rehearsal import rehearse

KEY_TYPES = ("ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096")


@click.command()
@click.argument("identifier", required=False)
@click.option("--csr", type=click.File(), help="Signing request (PEM) in place of IDENTIFIER; its key stays with you.")
@click.option("--also", multiple=True, metavar="NAME", help="Another name in the same certificate; repeatable.")
@click.option("--name", default="", help="What you call it; default: the first name.")
@click.option("--ca", "authority", default=None, metavar="ID", help="Certificate authority; default: letsencrypt.")
@click.option("--ca-directory", default=None, metavar="URL", help="Address of an ACME directory, instead of --ca.")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots of the ACME directory.")
@click.option("--key-type", type=click.Choice(KEY_TYPES), default="ecdsa-p256", show_default=True)
@click.option("--second-key-type", type=click.Choice(KEY_TYPES), help="A second certificate, RSA beside ECDSA.")
@click.option("--reuse-key/--no-reuse-key", default=False, help="Keep the private key at renewals.")
@click.option("--profile", help="Certificate profile of the authority, such as shortlived.")
@click.option("--lifetime-days", type=float, help="How long it should be valid, where the authority lets you choose.")
@click.option("--preferred-chain", metavar="NAME", help="Common name of the root that the chain should lead to.")
@click.option("--fallback", multiple=True, metavar="ID|URL", help="Authority if the first cannot issue; repeatable.")
@click.option("--rehearse-at", metavar="ID|URL", help="Authority for tests to validate at after a refused name.")
@click.option("--leave-out-after", type=click.IntRange(1), help="Do without a name that failed so often in a row.")
@click.option(
    "--challenge",
    default="http",
    show_default=True,
    metavar="PROVIDER[:KEY=VALUE,...]",
    shell_complete=complete_challenge,
    help="How control of names is shown; `certify plugins show PROVIDER` lists what it takes.",
)
@click.option(
    "--deploy",
    multiple=True,
    metavar="TARGET[:KEY=VALUE,...]",
    shell_complete=complete_deployment,
    help="Where to put it; repeatable. `certify plugins show TARGET` lists what it takes.",
)
@click.option("--auto-renew/--no-auto-renew", default=True, show_default=True)
@click.option("--wait/--no-wait", default=False, help="Wait until it is deployed; exit 0 only then.")
@click.option("--timeout", default=600.0, show_default=True, help="Longest silence while waiting, in seconds.")
@click.option("--dry-run", is_flag=True, help="Only try whether it could be had, and keep nothing.")
@click.option("--order", is_flag=True, help="With --dry-run: order one at the authority for tests, and forget it.")
@talks_to_service
def request(
    client: Client,
    identifier: str | None,
    csr: TextIO | None,
    also: tuple[str, ...],
    name: str,
    authority: str | None,
    ca_directory: str | None,
    ca_bundle: Path | None,
    key_type: str,
    second_key_type: str | None,
    reuse_key: bool,
    profile: str | None,
    lifetime_days: float | None,
    preferred_chain: str | None,
    fallback: tuple[str, ...],
    rehearse_at: str | None,
    leave_out_after: int | None,
    challenge: str,
    deploy: tuple[str, ...],
    auto_renew: bool,
    wait: bool,
    timeout: float,
    dry_run: bool,
    order: bool,
    as_json: bool,
) -> None:
    """Request a certificate for IDENTIFIER, deploy it, and keep it renewed.

    Asked again for the same name with the same settings, it requests a new certificate; with others it refuses.
    """
    if bool(identifier) == bool(csr):
        raise click.UsageError("Give IDENTIFIER, or a signing request with --csr.")
    if csr and also:
        raise click.UsageError("The signing request says all names: leave --also out.")
    if authority and ca_directory:
        raise click.UsageError("Give --ca or --ca-directory, not both.")
    if order and not dry_run:
        raise click.UsageError("--order is for --dry-run; without it the certificate is ordered anyway.")
    chosen = parse_choice(challenge, option="--challenge")
    wanted: dict[str, Any] = {
        "name": name,
        **(signing_request(csr) if csr else {"csr": None, "identifiers": [identifier, *also], "key_type": key_type}),
        "authority": ca_directory or authority or "letsencrypt",
        "ca_bundle": str(ca_bundle.absolute()) if ca_bundle else None,
        "second_key_type": second_key_type,
        "reuse_key": reuse_key,
        "order": {"profile": profile, "lifetime_days": lifetime_days, "preferred_chain": preferred_chain},
        "challenge": {"provider": chosen.name, "parameters": chosen.parameters, "credential": chosen.credential},
        "deployments": deployments(deploy),
        "renewal": {"automatic": auto_renew},
        "on_failure": {
            "fallback_authorities": list(fallback),
            "rehearse_at": rehearse_at,
            "leave_out_after": leave_out_after,
        },
    }
    if dry_run:
        rehearse(client, "/api/managedcertificates/test", {"settings": wanted, "order": order}, as_json=as_json)
    operation, certificate = _create_or_repeat(client, wanted, name or wanted["identifiers"][0])
    if not wait:
        not_waiting(certificate["id"], certificate["name"], as_json=as_json)
        return
    sys.exit(watch(client, operation, certificate["id"], as_json=as_json, patience=timeout))


def deployments(specifications: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the deployments that `--deploy` options ask for."""
    return [
        {"target": chosen.name, "parameters": chosen.parameters, "credential": chosen.credential}
        for chosen in (parse_choice(text, option="--deploy") for text in specifications)
    ]


def signing_request(file: TextIO) -> dict[str, Any]:
    """Return what a signing request says, as the service will keep it."""
    from certify_core.domain.settings import CertificateSettings
    from certify_core.engine.signing_requests import with_signing_request

    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file.name} is not PEM.", param_hint="--csr") from error
    said = with_signing_request(CertificateSettings(csr=text))
    return {"csr": said.csr, "identifiers": list(said.identifiers), "key_type": said.key_type}


def _create_or_repeat(client: Client, wanted: dict[str, Any], title: str) -> tuple[str, dict[str, Any]]:
    found = client.get("/api/managedcertificates", name=title)["items"]
    if found:
        certificate = client.get(f"/api/managedcertificates/{found[0]['id']}")
        if not _same(certificate["settings"], wanted):
            raise ServiceRefused(
                Exit.CONFLICT,
                f"There is already a managed certificate named {title}, with other settings.",
                f"Use `certify edit {title}` or `certify renew {title}`, or give another --name.",
            )
    else:
        certificate = client.post("/api/managedcertificates", wanted)
        if operation := certificate.get("operation"):
            return operation, certificate
    started = client.post(f"/api/managedcertificates/{certificate['id']}/request")
    return started["operation"], certificate


def _same(stored: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(
        stored["renewal"]["automatic"] == value["automatic"] if key == "renewal" else stored[key] == value
        for key, value in wanted.items()
    )
