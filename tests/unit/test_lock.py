"""One service on one data folder: the lock that it holds."""

from __future__ import annotations

import threading
from pathlib import Path

from certify_core.service.lock import DataFolderLock


def test_another_thread_gives_back_what_this_one_has_taken(tmp_path: Path) -> None:
    """As the demo does, whose folder could not be removed on Windows otherwise."""
    taken = DataFolderLock(tmp_path)
    taken.acquire()
    thread = threading.Thread(target=taken.release)
    thread.start()
    thread.join()
    DataFolderLock(tmp_path).acquire()
