"""(being written)"""

from __future__ import annotations
from collections.abc import Sequence
from certify_core.api import Backup, RecoveryReport
from certify_store_sqlite.files import DatabaseFiles


def recover(files: DatabaseFiles, backups: Sequence[Backup]) -> RecoveryReport:
    raise OSError("not yet")


def restore(files: DatabaseFiles, backup: Backup) -> RecoveryReport:
    raise OSError("not yet")
