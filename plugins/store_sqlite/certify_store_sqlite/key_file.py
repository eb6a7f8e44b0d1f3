"""Puts the master key back if it is gone: without it every secret in the database is lost, and a new one opens none.

Any other file of the data folder is missed by whoever needs it, who says so; a missing key would be made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from certify_core.api import Backup, write_atomically
from certify_store_sqlite.files import DatabaseFiles
from certify_store_sqlite.generations import OTHERS, fault_of

KEY = "master.key"

_log = logging.getLogger(__name__)


def put_key_back(files: DatabaseFiles, backups: Sequence[Backup]) -> None:
    """Take the key from the newest backup that has it whole; do nothing if it is there, or in no backup.

    Raises:
        OSError: it cannot be written.
    """
    key = files.data_dir / KEY
    if key.exists():
        return
    name = f"{OTHERS}/{KEY}"
    for backup in backups:
        if not fault_of(backup.path, [name]):
            write_atomically(key, (backup.path / name).read_bytes())
            _log.error("%s was gone; it is put back as it was in the backup %s", key, backup.id)
            return
