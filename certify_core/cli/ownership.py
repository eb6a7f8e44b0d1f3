"""What root writes into the data folder belongs to the folder's owner, as whom the service runs.

Otherwise the service could not read its own settings, or its own database, at the next start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certify_core.ownership import give_to_owner


@contextmanager
def given_to_owner(data_dir: Path) -> Iterator[None]:
    """Give what root has written in the block to the owner of the data folder."""
    try:
        yield
    finally:
        if hasattr(os, "fwalk") and os.geteuid() == 0 and data_dir.is_dir() and data_dir.stat().st_uid != 0:
            give_to_owner(data_dir, _is_alone_roots)


def _is_alone_roots(facts: os.stat_result) -> bool:
    """Whether it is root's, and no file that has another name, perhaps elsewhere."""
    return facts.st_uid == 0 and (stat.S_ISDIR(facts.st_mode) or facts.st_nlink == 1)
