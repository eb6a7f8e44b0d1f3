"""Changes the master key of a data folder, and ends by SIGKILL before the write of a given number.

    python -m tests.support.mortal_rotation DATA_DIR NUMBER

A write is a file that takes another one's place, or a transaction that changes something; the first has the number 1.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import event

from certify_core.store import Store
from tests.support.killing import kill_this_process
from tests.support.stores import sqlite_engine


def main() -> None:
    """Rotate, and die on the way or not."""
    data_dir, number = Path(sys.argv[1]), int(sys.argv[2])
    engine = sqlite_engine(data_dir)
    store = Store(engine, data_dir)
    numbers = itertools.count(1)

    def write() -> None:
        if next(numbers) == number:
            kill_this_process()

    def watched(source: Path, target: Path) -> Path:
        write()
        os.replace(source, target)  # noqa: PTH105 - the method of `Path` is the one that is watched
        return target

    event.listen(engine, "commit", lambda _: write())
    with patch.object(Path, "replace", watched):
        store.rotation.rotate()
    store.close()


if __name__ == "__main__":
    main()
