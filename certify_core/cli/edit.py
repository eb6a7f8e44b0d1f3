"""`certify edit`: change what is wanted, unless somebody else has changed it meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import parse_choice, print_json, talks_to_service
from certify_core.cli.completers import certificate_names, complete_challenge, complete_deployment
from certify_core.cli.loudness import say
from certify_core.cli.request import KEY_TYPES, deployments, signing_request


@click.command()
@click.argument("certificate", shell_complete=certificate_names)
@click.option("--name", help="What you call it.")
@click.option("--add", multiple=True, metavar="NAME", help="Add an identifier; repeatable.")
@click.option("--remove", multiple=True, metavar="NAME", help="Remove an identifier; repeatable.")
@click.option("--csr", type=click.File(), help="Another signing request (PEM); its key stays with you.")
@click.option("--no-csr", is_flag=True, help="Have keys made here from now on, in place of a signing request's.")
@click.option("--ca", "authority", metavar="ID|URL", help="Certificate authority or ACME directory.")
@click.option("--ca-bundle", type=click.Path(path_type=Path, dir_okay=False), help="TLS roots of the ACME directory.")
@click.option("--key-type", type=click.Choice(KEY_TYPES))
@click.option("--second-key-type", type=click.Choice([*KEY_TYPES, ""]), help="A second one; empty for none.")
@click.option("--reuse-key/--no-reuse-key", default=None)
@click.option("--profile", help="Certificate profile of the authority; empty for none.")
@click.option("--lifetime-days", type=float, help="How long it should be valid; 0 for as long as the authority likes.")
@click.option("--preferred-chain", metavar="NAME", help="Root that the chain should lead to; empty for any.")
@click.option("--fallback", multiple=True, metavar="ID|URL", help="Replaces all fallback authorities; repeatable.")
@click.option("--no-fallback", is_flag=True, help="Remove all fallback authorities.")
@click.option("--rehearse-at", metavar="ID|URL", help="Authority for tests; empty for the one that is known.")
@click.option("--leave-out-after", type=click.IntRange(0), help="Failures of a name in a row; 0 to leave none out.")
@click.option(
    "--challenge",
    metavar="PROVIDER[:KEY=VALUE,...]",
    shell_complete=complete_challenge,
    help="How control of names is shown; `certify plugins show PROVIDER` lists what it takes.",
)
@click.option(
    "--deploy",
    multiple=True,
    metavar="TARGET[:KEY=VALUE,...]",
    shell_complete=complete_deployment,
    help="Replaces all deployments; repeatable.",
)
@click.option("--no-deploy", is_flag=True, help="Remove all deployments.")
@click.option("--auto-renew/--no-auto-renew", default=None)
@click.option("--at-percent", type=float, help="Renew after this share of the lifetime.")
@click.option("--version", "expected", type=int, help="Refuse unless this is the stored version.")
@talks_to_service
def edit(client: Client, certificate: str, expected: int | None, as_json: bool, **options: Any) -> None:
    """Change CERTIFICATE (a name or an id). What goes into the certificate makes it renewed at once."""
    document = client.find(certificate)
    changes = _changes(document["settings"], **options)
    if not changes:
        raise click.UsageError("Nothing to change: give at least one option.")
    version = document["version"] if expected is None else expected
    body = {"version": version, "settings": changes}
    changed = client.patch(f"/api/managedcertificates/{document['id']}", body)
    if as_json:
        print_json(changed)
    else:
        say(f"{changed['name']} is changed; it has version {changed['version']} now.")


def _changes(
    settings: dict[str, Any],
    *,
    name: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    csr: TextIO | None,
    no_csr: bool,
    authority: str | None,
    ca_bundle: Path | None,
    key_type: str | None,
    second_key_type: str | None,
    reuse_key: bool | None,
    profile: str | None,
    lifetime_days: float | None,
    preferred_chain: str | None,
    fallback: tuple[str, ...],
    no_fallback: bool,
    rehearse_at: str | None,
    leave_out_after: int | None,
    challenge: str | None,
    deploy: tuple[str, ...],
    no_deploy: bool,
    auto_renew: bool | None,
    at_percent: float | None,
) -> dict[str, Any]:
    changes: dict[str, Any] = {"name": name, "authority": authority, "key_type": key_type, "reuse_key": reuse_key}
    # What is empty is removed, which a merge says with null.
    order = {"profile": profile, "lifetime_days": lifetime_days, "preferred_chain": preferred_chain}
    changes["order"] = {key: value or None for key, value in order.items() if value is not None} or None
    on_failure = {"rehearse_at": rehearse_at, "leave_out_after": leave_out_after}
    others = {"fallback_authorities": fallback} if fallback or no_fallback else {}
    emptied = {key: value or None for key, value in on_failure.items() if value is not None}
    changes["on_failure"] = emptied | others or None
    changes["ca_bundle"] = str(ca_bundle.absolute()) if ca_bundle else None
    said = signing_request(csr) if csr else {}
    if add or remove:
        changes["identifiers"] = [*(name for name in settings["identifiers"] if name not in remove), *add]
    if challenge:
        chosen = parse_choice(challenge, option="--challenge")
        # null for each old parameter removes it: an object is merged, not replaced.
        cleared = dict.fromkeys(settings["challenge"]["parameters"])
        changes["challenge"] = {
            "provider": chosen.name,
            "parameters": {**cleared, **chosen.parameters},
            "credential": chosen.credential,
        }
    if deploy or no_deploy:
        changes["deployments"] = deployments(deploy)
    renewal = {"automatic": auto_renew, "at_percent": at_percent}
    changes["renewal"] = {key: value for key, value in renewal.items() if value is not None} or None
    kept = {key: value for key, value in changes.items() if value is not None}
    # null removes.
    said |= {"csr": None} if no_csr else {}
    said |= {} if second_key_type is None else {"second_key_type": second_key_type or None}
    return kept | said
