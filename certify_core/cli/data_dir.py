"""`--data-dir`: which service a command is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from certify_core.service.config import default_data_dir

Command = TypeVar("Command", bound=Callable[..., Any])


def data_dir_option(command: Command) -> Command:
    """Add `--data-dir`."""
    return click.option(
        "--data-dir",
        # Whoever has a token needs nothing of what is in it.
        type=click.Path(path_type=Path, file_okay=False, readable=False),
        default=default_data_dir,
        show_default="CERTIFY_DATA_DIR, or the system's place",
        help="The service's data folder.",
    )(command)
