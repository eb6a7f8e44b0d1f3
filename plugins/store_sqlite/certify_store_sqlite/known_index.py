"""Remembers how the full-text indexes were when they were built, so that they are built anew only when they differ.

SQLite's own check of such an index misses some bits that have flipped; a digest of all that the index consists of
misses none. One that has changed since, with the rows of its table or by damage, is no longer known.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from certify_core.api import write_atomically
from certify_store_sqlite.schema import index_tables

SIZE = 16


def are_known(connection: sqlite3.Connection, indexes: Sequence[str], state: Path) -> bool:
    """Return whether the indexes are as they were when `remember` was called."""
    try:
        for index in indexes:
            connection.execute(f'SELECT 1 FROM "{index}" LIMIT 0')  # noqa: S608 - whether it can be used at all
        return state.read_bytes() == _digest(connection, indexes)
    except (OSError, sqlite3.DatabaseError):
        return False


def remember(connection: sqlite3.Connection, indexes: Sequence[str], state: Path) -> None:
    """Remember the indexes, which were just built."""
    with suppress(OSError):  # they are built once more than they need be, then
        write_atomically(state, _digest(connection, indexes))


def _digest(connection: sqlite3.Connection, indexes: Sequence[str]) -> bytes:
    digest = hashlib.blake2b(digest_size=SIZE)
    for table in sorted(index_tables(connection).difference(indexes)):
        digest.update(table.encode())
        for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - in the order of its key
            for value in row:
                octets = value if isinstance(value, bytes) else repr(value).encode()
                digest.update(b"%d:%b" % (len(octets), octets))
    return digest.digest()
