"""Imports an encrypted export into a data folder, and ends by SIGKILL before the write of a given number.

    python -m tests.support.mortal_import DATA_DIR FILE NUMBER

A write is a file or a folder that gets its name, or a transaction that changes something; the first has the number 1.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import event

from certify_core.contracts import PluginContext
from certify_core.plugins import Plugins
from certify_core.service.works import Works
from tests.support.killing import kill_this_process
from tests.support.moving import KEY


def main() -> None:
    """Import, and die on the way or not."""
    data_dir, file, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    plugins = Plugins.load(PluginContext(data_dir))
    works = Works(plugins, "sqlite", data_dir, lambda: None, lambda act: None)
    numbers = itertools.count(1)

    def write() -> None:
        if next(numbers) == number:
            kill_this_process()

    def watched(source: Path, target: Path) -> Path:
        write()
        os.replace(source, target)  # noqa: PTH105 - the methods of `Path` are what is watched
        return target

    event.listen(works.store.imports._database._engine, "commit", lambda _: write())
    with patch.object(Path, "replace", watched), patch.object(Path, "rename", watched), file.open("rb") as content:
        works.importer.run(content, KEY)
    works.close(0.0)


if __name__ == "__main__":
    main()
