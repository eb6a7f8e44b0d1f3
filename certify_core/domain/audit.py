"""The audit trail as a chain: the hash of each entry covers the one before, so none can be changed, removed or put in.

Who can write the database could still make the whole chain anew. So a head (number and hash of the newest entry) that
somebody has noted elsewhere can be asked for: it has to be in the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

NO_HASH = "0" * 64
"""What the first entry has in the place of the hash before."""
_DIGITS = 18
"""Of the largest number of an entry."""
FORGOTTEN = "forgotten"
"""Key in the document of an entry that says up to which number older ones were removed, to keep the trail bounded."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the chain."""

    number: int
    """Without gaps."""
    request: int | None
    """Of an outcome: the number of the request that it is of."""
    document: str
    """JSON text, byte for byte as it was hashed."""
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ended once."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found."""

    entries: int
    head: Head | None
    """The newest entry; None if there is none."""
    fault: str = ""
    """What is wrong, naming the entry; empty if nothing is."""
    number: int | None = None
    """The entry that is at fault."""


def parse_head(text: str) -> Head | None:
    """Return the head that `NUMBER:HASH` names, or None if it names none."""
    number, _, digest = text.partition(":")
    is_head = number.isdecimal() and len(number) <= _DIGITS and len(digest) == len(NO_HASH)
    return Head(int(number), digest) if is_head else None


def link(number: int, request: int | None, document: str, previous: str) -> AuditEntry:
    """Return the entry that follows the one whose hash is `previous`."""
    return AuditEntry(number, request, document, previous, _hash(number, request, document, previous))


def verify(entries: Iterable[AuditEntry], noted: Head | None = None) -> Verdict:
    """Look at a whole chain, in order; `noted` has to be in it."""
    first: AuditEntry | None = None
    last: AuditEntry | None = None
    forgotten, count, seen = 0, 0, None
    for entry in entries:
        if fault := _fault(entry, last):
            return Verdict(count, _head(last), fault, entry.number)
        first, last, count = first or entry, entry, count + 1
        forgotten = orjson.loads(entry.document).get(FORGOTTEN, forgotten)
        if noted is not None and entry.number == noted.number:
            seen = entry.hash
    if first is not None and first.number != forgotten + 1:
        return Verdict(count, _head(last), f"The entries before {first.number} were removed.", first.number)
    if noted is not None and (problem := _noted(noted, seen, first, last)):
        return Verdict(count, _head(last), problem, noted.number)
    return Verdict(count, _head(last))


def _fault(entry: AuditEntry, last: AuditEntry | None) -> str:
    if _hash(entry.number, entry.request, entry.document, entry.previous) != entry.hash:
        return f"Entry {entry.number} was changed."
    if last is None:
        return ""
    if entry.number != last.number + 1:
        return f"Something was removed between the entries {last.number} and {entry.number}."
    if entry.previous != last.hash:
        return f"Entry {entry.number} does not follow entry {last.number}: one of them was replaced."
    return ""


def _noted(noted: Head, seen: str | None, first: AuditEntry | None, last: AuditEntry | None) -> str:
    if seen == noted.hash:
        return ""
    if seen is not None:
        return f"Entry {noted.number} is not the one that was noted: the trail was made anew."
    if first is not None and last is not None and noted.number < first.number:
        return f"Entry {noted.number} is so old that it was forgotten; note a newer one."
    return f"Entry {noted.number}, which was noted, is gone: the end of the trail was cut off."


def _head(last: AuditEntry | None) -> Head | None:
    return Head(last.number, last.hash) if last is not None else None


def _hash(number: int, request: int | None, document: str, previous: str) -> str:
    text = f"{previous}\n{number}\n{'' if request is None else request}\n{document}"
    return hashlib.sha256(text.encode()).hexdigest()
