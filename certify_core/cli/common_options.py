"""What every command has without saying so: `--quiet`, `--verbose`, and an example at the end of its help."""

from __future__ import annotations

import click

from certify_core.cli.examples import EXAMPLES
from certify_core.cli.loudness import loudness_options


def completed(command: click.Command, name: str) -> click.Command:
    """Return a command of this full name with what all have; a group with all commands below it."""
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            completed(one, f"{name} {below}")
        return command
    if command.epilog is None:
        command.params += loudness_options()
        command.epilog = f"\b\nExample:\n  {EXAMPLES[name]}" if name in EXAMPLES else ""
    return command
