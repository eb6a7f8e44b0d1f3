"""`certify export --encrypted`: everything of this machine in one encrypted file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TextIO

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json
from certify_core.cli.exits import Exit, ServiceRefused
from certify_core.cli.loudness import say
from certify_core.cli.passphrase import read_passphrase
from certify_core.files import writing_atomically

PATIENCE = 3600.0
"""Seconds: every private key is read once."""


def export_encrypted(client: Client, target: Path, passphrase_file: TextIO | None, *, as_json: bool) -> None:
    """Write certificates with their keys, accounts, credentials and all else into one file."""
    from certify_core.transfer.envelope import SHORTEST_PASSPHRASE, derive, new_derivation
    from certify_core.transfer.reading import summary_of

    _refuse_other(target)
    passphrase = read_passphrase(passphrase_file, shortest=SHORTEST_PASSPHRASE, confirm=True)
    derivation = new_derivation()
    key = derive(passphrase, derivation)

    wish = {"kdf": derivation.model_dump(mode="json"), "key": encoded(key)}
    try:
        with writing_atomically(target) as file:
            client.fetch("/api/export/encrypted", wish, file, patience=PATIENCE)
            written = summary_of(file, key)  # what cannot be imported must not replace what can
            size = file.tell()
    except OSError as error:
        raise click.FileError(str(target), error.strerror or str(error)) from error
    if as_json:
        print_json({"file": str(target), "octets": size, **written.model_dump(include={"counts", "left_out"})})
        return
    counts = ", ".join(f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in written.counts.items())
    say(f"{target} has {counts or 'nothing'} ({size / 1e6:.1f} MB).")
    for sentence in written.left_out:
        click.echo(f"Not in it: {sentence}", err=True)


def encoded(key: bytes) -> str:
    """Return a key as the API takes it."""
    return base64.urlsafe_b64encode(key).decode()


def _refuse_other(target: Path) -> None:
    """An earlier export may be replaced; what else is there was named by a slip."""
    from certify_core.transfer.envelope import MAGIC

    if target.exists():
        with target.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ServiceRefused(
                    Exit.CONFLICT, f"{target} is there already, and is no encrypted export.", "Give another name."
                )
