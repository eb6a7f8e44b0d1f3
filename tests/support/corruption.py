"""Ways in which a database's files are damaged: by a failing disk, a killed copy, a helpful cleaning program."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

PAGE = 4096

Damage = Callable[[Path, random.Random], None]
"""Damages the database at a path, or its WAL; all chance comes from the generator that is given."""


def bit_flip(database: Path, chance: random.Random) -> None:
    """One bit is not what it was."""
    content = bytearray(database.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    database.write_bytes(content)


def zeroed_page(database: Path, chance: random.Random) -> None:
    """A page is empty, as after a write that never reached the disk."""
    content = bytearray(database.read_bytes())
    start = chance.randrange(len(content) // PAGE) * PAGE
    content[start : start + PAGE] = bytes(PAGE)
    database.write_bytes(content)


def garbage_header(database: Path, chance: random.Random) -> None:
    """The first hundred octets are anything."""
    content = bytearray(database.read_bytes())
    content[:100] = chance.randbytes(100)
    database.write_bytes(content)


def truncated(database: Path, chance: random.Random) -> None:
    """The file ends early, by up to a tenth."""
    content = database.read_bytes()
    database.write_bytes(content[: len(content) - chance.randrange(1, len(content) // 10)])


def torn_tail(database: Path, chance: random.Random) -> None:
    """The last pages are anything."""
    content = bytearray(database.read_bytes())
    length = chance.randrange(1, 10) * PAGE
    content[-length:] = chance.randbytes(length)
    database.write_bytes(content)


def torn_wal(database: Path, chance: random.Random) -> None:
    """The WAL ends early."""
    wal = _wal(database)
    content = wal.read_bytes()
    wal.write_bytes(content[: chance.randrange(len(content))])


def lost_wal(database: Path, chance: random.Random) -> None:
    """The WAL was deleted."""
    _wal(database).unlink()


def wrong_file(database: Path, chance: random.Random) -> None:
    """Something else has the database's name."""
    _wal(database).unlink()
    database.unlink()
    what = chance.randrange(3)
    if what == 0:
        database.touch()
    elif what == 1:
        database.write_text("This is a note that somebody saved under the wrong name.\n" * 200)
    else:
        with closing(sqlite3.connect(database)) as other:
            other.execute("CREATE TABLE managedcertificate (id TEXT PRIMARY KEY, json TEXT)")
            other.commit()


KINDS: dict[str, Damage] = {
    "bit flip": bit_flip,
    "zeroed page": zeroed_page,
    "garbage header": garbage_header,
    "truncated": truncated,
    "torn WAL": torn_wal,
    "lost WAL": lost_wal,
    "torn tail": torn_tail,
    "wrong file": wrong_file,
}


def _wal(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")
