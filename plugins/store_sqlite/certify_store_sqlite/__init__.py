"""SQLite storage: one file, `manageditems.db`, in the data folder. Every commit is on the disk when it returns.

Every row is sealed, the file is checked before it is used, backed up daily, and repaired by itself.
"""

from __future__ import annotations

from certify_core.api import PluginContext, hookimpl
from certify_store_sqlite.files import FILE
from certify_store_sqlite.store import SqliteStore

__all__ = ["FILE", "SqliteStore", "certify_stores"]


@hookimpl
def certify_stores(context: PluginContext) -> list[SqliteStore]:
    """Offer the SQLite store."""
    return [SqliteStore()]
