"""What root writes into the data folder belongs to the folder's owner, as whom the service runs.

Otherwise the service could not read its own settings, or its own database, at the next start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def given_to_owner(data_dir: Path) -> Iterator[None]:
    """Give what root has written in the block to the owner of the data folder."""
    try:
        yield
    finally:
        if hasattr(os, "fwalk") and os.geteuid() == 0 and data_dir.is_dir():
            _give(data_dir)


def _give(data_dir: Path) -> None:
    owner = data_dir.stat()
    if owner.st_uid == 0:
        return
    # By descriptors and without links: whoever owns the folder must not lead root to files elsewhere.
    for _, folders, files, descriptor in os.fwalk(data_dir, follow_symlinks=False):
        for name in (*folders, *files):
            facts = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if facts.st_uid == 0 and (stat.S_ISDIR(facts.st_mode) or facts.st_nlink == 1):
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=descriptor, follow_symlinks=False)
