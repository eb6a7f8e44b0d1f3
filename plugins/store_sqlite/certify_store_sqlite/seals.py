"""The seal of a row: the number of the change that it is of, and a digest of all that the row holds.

SQLite's own checks see the structure of a file and not what is in its rows; a seal that does not hold says that a row
is not what was written. Sixteen octets: the number, big-endian, so that seals sort by it, and eight octets of digest.
A seal covers the columns that it was made for and no value that is NULL: a column that a later version adds
changes no seal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

COLUMN = "certify_seal"
"""The column that every table gets."""
SIZE = 16
_NUMBER = 8

Value = None | int | float | str | bytes


def make_seal(table: str, columns: str, values: Sequence[Value], change: int) -> bytes:
    """Return the seal of a row; `columns` are the names, sorted and separated by commas, of `values`."""
    number = change.to_bytes(_NUMBER, "big")
    return number + _digest(table, columns, values, number)


def holds(table: str, columns: str, values: Sequence[Value], seal: object) -> bool:
    """Return whether a row is what was written."""
    return (
        isinstance(seal, bytes)
        and len(seal) == SIZE
        and seal[_NUMBER:] == _digest(table, columns, values, seal[:_NUMBER])
    )


def row_holds(table: str, row: Mapping[str, Value]) -> bool:
    """Return whether a row is what was written, given by its columns, the seal's among them."""
    names = sorted(name for name, value in row.items() if name != COLUMN and value is not None)
    return holds(table, ",".join(names), [row[name] for name in names], row.get(COLUMN))


def change_of(seal: bytes) -> int:
    """Return the number of the change that made the row what it is; later changes have greater ones."""
    return int.from_bytes(seal[:_NUMBER], "big")


def _digest(table: str, columns: str, values: Sequence[Value], number: bytes) -> bytes:
    # Every row goes through here at every start: so it is one loop, and texts, which are most of it, come first.
    parts = [table.encode(), number]
    add = parts.append
    for name, value in zip(_names(columns), values, strict=True):
        if isinstance(value, str):
            content = value.encode()
            add(b"%bt%d" % (name, len(content)))
            add(content)
        elif value is not None:
            add(name + _encoded(value))
    return hashlib.blake2b(b"\0".join(parts), digest_size=SIZE - _NUMBER).digest()


@lru_cache(maxsize=64)
def _names(columns: str) -> tuple[bytes, ...]:
    return tuple(columns.encode().split(b","))


def _encoded(value: int | float | bytes) -> bytes:
    """Return kind and content: no two values have the same."""
    if isinstance(value, bytes):
        return b"b%d:%b" % (len(value), value)
    if isinstance(value, float) and not value.is_integer():
        return b"r" + value.hex().encode()
    # A file does not tell 2.0 from 2: whole numbers of a REAL column are kept as integers.
    return b"i%d" % value
