"""Reads the pages of a SQLite file and of its WAL, however damaged they are (https://sqlite.org/fileformat2.html).

Nothing here asks whether what it reads is right: whoever uses it asks the seals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from certify_store_sqlite.seals import Value

DEFAULT_PAGE_SIZE = 4096
TABLE_LEAF = 0x0D
_WAL_HEADER, _FRAME_HEADER, _FILE_HEADER = 32, 24, 100
_WAL_MAGIC = {0x377F0682, 0x377F0683}
_PAGE_SIZES = {512 << shift for shift in range(8)}
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_REAL, _ZERO, _ONE, _FIRST_BLOB = 7, 8, 9, 12

Pages = Mapping[int, bytes]
"""The content of pages by their number; the first one is 1."""


class Unreadable(Exception):
    """What is there is no record."""


def file_pages(file: Path, page_size: int) -> dict[int, bytes]:
    """Return the pages of a database file; one that is cut off is filled with zeros."""
    content = _content(file)
    return {
        number: content[start : start + page_size].ljust(page_size, b"\0")
        for number, start in enumerate(range(0, len(content), page_size), 1)
    }


def wal_frames(wal: Path) -> list[tuple[int, bytes]]:
    """Return number and content of the pages in a WAL in the order in which they were written."""
    content = _content(wal)
    page_size = _wal_page_size(content)
    if page_size is None:
        return []
    step = _FRAME_HEADER + page_size
    return [
        (int.from_bytes(content[start : start + 4], "big"), content[start + _FRAME_HEADER : start + step])
        for start in range(_WAL_HEADER, len(content) - step + 1, step)
    ]


def page_size_of(file: Path, wal: Path) -> int:
    """Return the size of a page: what the file says, or the WAL, or SQLite's own choice."""
    header = _content(file)[:_FILE_HEADER]
    size = int.from_bytes(header[16:18], "big") if len(header) >= 18 else 0
    size = 65_536 if size == 1 else size
    return size if size in _PAGE_SIZES else _wal_page_size(_content(wal)) or DEFAULT_PAGE_SIZE


def records(number: int, page: bytes, pages: Pages) -> Iterator[tuple[int, list[Value]]]:
    """Return rowid and values of the records on a page, if it is a leaf of a table.

    `pages` has those on which long records go on.
    """
    start = _FILE_HEADER if number == 1 else 0
    if len(page) < start + 8 or page[start] != TABLE_LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for position in range(start + 8, min(start + 8 + 2 * count, len(page) - 1), 2):
        cell = int.from_bytes(page[position : position + 2], "big")
        try:
            rowid, payload = _payload(page, cell, pages)
            yield rowid, _record(payload)
        except (Unreadable, IndexError, struct.error, UnicodeDecodeError):
            continue


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _wal_page_size(content: bytes) -> int | None:
    if len(content) < _WAL_HEADER or int.from_bytes(content[:4], "big") not in _WAL_MAGIC:
        return None
    size = int.from_bytes(content[8:12], "big")
    return size if size in _PAGE_SIZES else None


def _payload(page: bytes, cell: int, pages: Pages) -> tuple[int, bytes]:
    """Return rowid and payload of a cell, with what overflows (section 1.6 of the format)."""
    length, position = _varint(page, cell)
    rowid, position = _varint(page, position)
    usable = len(page)
    largest = usable - 35
    if length <= largest:
        return rowid, page[position : position + length]
    smallest = (usable - 12) * 32 // 255 - 23
    local = smallest + (length - smallest) % (usable - 4)
    local = local if local <= largest else smallest
    payload = bytearray(page[position : position + local])
    following = int.from_bytes(page[position + local : position + local + 4], "big")
    while len(payload) < length:
        overflow = pages.get(following)
        if overflow is None:
            raise Unreadable
        payload += overflow[4:]
        following = int.from_bytes(overflow[:4], "big")
    return rowid, bytes(payload[:length])


def _record(payload: bytes) -> list[Value]:
    header_length, position = _varint(payload, 0)
    if not position <= header_length <= len(payload):
        raise Unreadable
    values: list[Value] = []
    body = header_length
    while position < header_length:
        kind, position = _varint(payload, position)
        value, body = _value(payload, kind, body)
        values.append(value)
    if body != len(payload):
        raise Unreadable
    return values


def _value(payload: bytes, kind: int, start: int) -> tuple[Value, int]:
    """Return the value of a serial type and where the next one begins (section 2.1 of the format)."""
    if kind == 0:
        return None, start
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO, start
    if kind in _INTEGER_SIZES:
        end = start + _INTEGER_SIZES[kind]
        return int.from_bytes(payload[start:end], "big", signed=True), end
    if kind == _REAL:
        return struct.unpack(">d", payload[start : start + 8])[0], start + 8
    if kind < _FIRST_BLOB:
        raise Unreadable
    end = start + (kind - _FIRST_BLOB) // 2
    if end > len(payload):
        raise Unreadable
    content = payload[start:end]
    return (content.decode() if kind % 2 else content), end


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length and where the next thing begins (section 1.6 of the format)."""
    value = 0
    for octet in content[position : position + 8]:
        position += 1
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, position
    return value << 8 | content[position], position + 1
