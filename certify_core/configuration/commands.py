"""Runs a command that prints a secret: no shell, no input, a time limit, and no more output than a secret has.

What it prints goes to a temporary file rather than a pipe: something that the command leaves running would hold a pipe
open, and the call would wait for ever. What it complains of is shown to nobody, as nobody knows what is in it.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

PATIENCE = 30.0
"""Seconds that a command may take."""
LONGEST = 65_536
"""Bytes that a secret may have."""


class CommandFailed(Exception):
    """The command gave no secret; the text is a sentence without it."""


def output_of(command: Sequence[str], folder: Path, patience: float = PATIENCE) -> bytes:
    """Return what a command prints.

    Raises:
        CommandFailed: it cannot be started, takes too long, fails, or prints too much.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = psutil.Popen(
                list(command), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise CommandFailed(f"The command {command[0]} cannot be started: {error.strerror or error}.") from error
        try:
            code = process.wait(patience)
        except psutil.TimeoutExpired:
            _end(process)
            raise CommandFailed(f"The command {command[0]} took more than {patience:g} s.") from None
        if code != 0:
            raise CommandFailed(f"The command {command[0]} ended with exit code {code}.")
        output.seek(0)
        said = output.read(LONGEST + 1)
    if len(said) > LONGEST:
        raise CommandFailed(f"The command {command[0]} printed more than {LONGEST:,} bytes.")
    return said


def _end(process: psutil.Popen) -> None:
    """End a command together with what it has started."""
    try:
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for each in family:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
