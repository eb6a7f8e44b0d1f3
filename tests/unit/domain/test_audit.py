"""The chain of the audit trail: whatever is done to it afterwards is found, and named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.domain.audit import FORGOTTEN, NO_HASH, AuditEntry, Head, Verdict, link, parse_head, verify

DOCUMENTS = [f'{{"path":"/{number}"}}' for number in range(1, 6)]


def chain(documents: list[str], *, first: int = 1, previous: str = NO_HASH) -> list[AuditEntry]:
    """Return a chain of these documents."""
    entries: list[AuditEntry] = []
    for number, document in enumerate(documents, first):
        entries.append(link(number, None, document, entries[-1].hash if entries else previous))
    return entries


ENTRIES = chain(DOCUMENTS)
HEAD = Head(5, ENTRIES[-1].hash)


def test_a_chain_that_nobody_has_touched_is_whole() -> None:
    assert verify(ENTRIES) == Verdict(5, HEAD)


def test_an_empty_one_is_too() -> None:
    assert verify([]) == Verdict(0, None)


@pytest.mark.parametrize(
    "change",
    [
        {"document": '{"path":"/other"}'},
        {"document": '{"path": "/3"}'},
        {"request": 1},
        {"previous": NO_HASH},
        {"hash": "f" * 64},
        {"number": 4},
    ],
)
def test_a_changed_entry_is_named(change: dict[str, object]) -> None:
    changed = replace(ENTRIES[2], **change)  # type: ignore[arg-type]
    verdict = verify([*ENTRIES[:2], changed, *ENTRIES[3:]])
    assert (verdict.fault, verdict.number) == (f"Entry {changed.number} was changed.", changed.number)


def test_an_entry_that_was_replaced_with_its_hash_is_found_by_the_next() -> None:
    forged = link(3, None, '{"path":"/other"}', ENTRIES[1].hash)
    verdict = verify([*ENTRIES[:2], forged, *ENTRIES[3:]])
    assert (verdict.number, "entry 3" in verdict.fault) == (4, True)


def test_a_removed_entry_is_named() -> None:
    verdict = verify([*ENTRIES[:2], *ENTRIES[3:]])
    assert (verdict.number, "between the entries 2 and 4" in verdict.fault) == (4, True)


def test_a_removed_beginning_is_named() -> None:
    verdict = verify(ENTRIES[2:])
    assert (verdict.number, "before 3 were removed" in verdict.fault) == (3, True)


def test_a_beginning_that_was_forgotten_by_an_entry_is_whole() -> None:
    later = chain(['{"path":"/6"}', f'{{"{FORGOTTEN}":5}}'], first=6, previous=ENTRIES[-1].hash)
    assert verify(later).fault == ""


def test_more_gone_than_was_forgotten_is_named() -> None:
    later = chain(['{"path":"/6"}', f'{{"{FORGOTTEN}":4}}'], first=6, previous=ENTRIES[-1].hash)
    assert verify(later).number == 6


def test_a_head_that_was_noted_is_found() -> None:
    assert verify(ENTRIES, Head(3, ENTRIES[2].hash)).fault == ""


def test_an_end_that_was_cut_off_is_found_by_a_noted_head() -> None:
    assert [verify(ENTRIES[:4]).fault, verify(ENTRIES[:4], HEAD).fault] == [
        "",
        "Entry 5, which was noted, is gone: the end of the trail was cut off.",
    ]


def test_a_trail_made_anew_is_found_by_a_noted_head() -> None:
    anew = chain([*DOCUMENTS[:4], '{"path":"/harmless"}'])
    assert "made anew" in verify(anew, HEAD).fault


def test_a_noted_head_that_was_forgotten_asks_for_a_newer_one() -> None:
    later = chain([f'{{"{FORGOTTEN}":5}}'], first=6, previous=ENTRIES[-1].hash)
    assert "note a newer one" in verify(later, HEAD).fault


@pytest.mark.parametrize(("text", "head"), [(str(HEAD), HEAD), ("", None), ("5", None), ("5:abc", None), ("x:", None)])
def test_a_head_is_read_from_text(text: str, head: Head | None) -> None:
    assert parse_head(text) == head
