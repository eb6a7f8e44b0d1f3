"""Where a passphrase comes from: a file, the environment, or whoever sits there; never the command line.

What stands on a command line is in the list of processes, which everybody may read, and in the shell's history.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click

VARIABLE = "CERTIFY_PASSPHRASE"
Command = TypeVar("Command", bound=Callable[..., Any])


def passphrase_option(command: Command) -> Command:
    """Add `--passphrase-file`."""
    return click.option(
        "--passphrase-file",
        type=click.File(encoding="utf-8-sig"),  # Windows' editors and shells begin a file with a byte order mark
        help=f"File with the passphrase in its first line, - for standard input. Else {VARIABLE}, or you are asked.",
    )(command)


def read_passphrase(file: TextIO | None, *, shortest: int = 1, confirm: bool = False) -> str:
    """Return the passphrase; one that is to be new is asked for twice, and has at least so many characters."""
    passphrase = _given(file)
    if passphrase is None:
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"There is no passphrase, and nobody to ask for it: give --passphrase-file, or set {VARIABLE}."
            )
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    if len(passphrase) < shortest:
        raise click.UsageError(
            f"The passphrase has less than {shortest} characters: who has the file can try as long as he likes. "
            "Take several words."
        )
    return passphrase


def _given(file: TextIO | None) -> str | None:
    if file is None:
        return os.environ.get(VARIABLE)
    try:
        return file.readline().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.BadParameter("This is no text.", param_hint="--passphrase-file") from error
