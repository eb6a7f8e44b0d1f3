"""The records of an encrypted export, one after the other; never more than one of them is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pydantic import ValidationError

from certify_core.errors import InvalidInput
from certify_core.transfer.envelope import unseal
from certify_core.transfer.records import FORMAT, RECORD, EndRecord, ExportRecord, Record

_LONGEST_LINE = 64_000_000
"""Octets; a managed certificate that was renewed a thousand times has a tenth of it."""


def read_records(file: BinaryIO, key: bytes) -> Iterator[Record]:
    """Give the records of a file from its beginning on; that all are true is known when the last one was given.

    Raises:
        InvalidInput: the passphrase is another one, or something in the file is not what was written.
    """
    file.seek(0)
    kind = ""
    for number, line in enumerate(_lines(unseal(file, key)), 1):
        record = _record(line, number)
        if (number == 1) != isinstance(record, ExportRecord) or kind == "end":
            raise _unknown(number, "it is at the wrong place")
        kind = record.kind
        yield record
    if kind != "end":
        raise _unknown(number, "it is not the end")


def summary_of(file: BinaryIO, key: bytes) -> EndRecord:
    """Read a whole file and return how much is in it.

    Raises:
        InvalidInput: as `read_records` does.
    """
    for record in read_records(file, key):
        last = record
    assert isinstance(last, EndRecord)  # noqa: S101 - `read_records` has seen to it
    return last


def _record(line: bytes, number: int) -> Record:
    try:
        return RECORD.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["loc"] == ("export", "format"):
            raise InvalidInput(
                "file", f"The file was made by a newer Certify; this one knows format {FORMAT}.", "Update this one."
            ) from None
        where = ".".join(str(part) for part in first["loc"])
        raise _unknown(number, f"{where}: {first['msg']}") from None


def _unknown(number: int, why: str) -> InvalidInput:
    return InvalidInput(
        "file", f"Record {number} of the file is not understood: {why}.", "Was it made by a newer Certify? Update this."
    )


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for piece in pieces:
        pending += piece
        if b"\n" not in piece:
            if len(pending) > _LONGEST_LINE:
                raise InvalidInput("file", "A record of the file has no end.", "Take another copy of it.")
            continue
        *complete, rest = bytes(pending).split(b"\n")
        yield from complete
        pending = bytearray(rest)
    if pending:
        yield bytes(pending)
