"""A folder in the data folder in which measurements are made, under the eyes of who watches that one."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "av_checks"
"""In the data folder; named like the plugin."""
LONGEST = 3600.0
"""Seconds after which nobody measures in a folder any more."""


@contextmanager
def scratch(data_dir: Path) -> Iterator[Path]:
    """Give an empty folder, and remove it; what somebody holds is removed by a later check.

    Raises:
        OSError: nothing can be written there.
    """
    parent = data_dir / FOLDER
    parent.mkdir(mode=0o700, exist_ok=True)
    _remove_leftovers(parent)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.iterdir():
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:
            continue  # another check has just ended
        if age > LONGEST:
            shutil.rmtree(folder, ignore_errors=True)
