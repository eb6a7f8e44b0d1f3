"""The audit trail at rest: chained, durable, bounded, and whatever is done to a row is found."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from certify_core.store import Store
from certify_core.store.audit import AuditTrail
from certify_core.store.database import Database
from tests.support.stores import open_store, sqlite_engine

KEPT = 20
AT_ONCE = 5


@pytest.fixture
def trail(store: Store) -> AuditTrail:
    """A trail with three requests, of which the second has no outcome."""
    for path in ("/first", "/second", "/third"):
        entry = store.audit.add({"path": path})
        if path != "/second":
            store.audit.add({"status": 200}, request=entry.number)
    return store.audit


def tamper(folder: Path, statement: str) -> None:
    """Change the database behind the service's back."""
    engine = sqlite_engine(folder)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_requests_are_listed_newest_first_with_their_outcomes(trail: AuditTrail) -> None:
    found = [(item.entry.document, item.outcome is not None) for item in trail.requests(limit=10)]
    assert found == [('{"path":"/third"}', True), ('{"path":"/second"}', False), ('{"path":"/first"}', True)]


def test_a_list_goes_on_where_the_one_before_ended(trail: AuditTrail) -> None:
    newest = trail.requests(limit=1)
    rest = trail.requests(limit=10, before=newest[-1].entry.number)
    assert [item.entry.document for item in rest] == ['{"path":"/second"}', '{"path":"/first"}']


def test_it_is_whole_after_a_restart(trail: AuditTrail, tmp_path: Path) -> None:
    head = trail.verify().head
    with open_store(tmp_path) as again:
        again.audit.add({"path": "/fourth"})
        verdict = again.audit.verify(head)
    assert (verdict.fault, verdict.entries) == ("", 6)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("""UPDATE audit SET document = '{"path":"/harmless"}' WHERE number = 3""", 3),
        ("UPDATE audit SET request = 3 WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 2", 3),
        ("DELETE FROM audit WHERE number < 3", 3),
    ],
)
def test_a_row_that_somebody_has_changed_is_named(
    trail: AuditTrail, tmp_path: Path, statement: str, number: int
) -> None:
    tamper(tmp_path, statement)
    assert trail.verify().number == number


def test_a_cut_off_end_is_found_by_its_head(trail: AuditTrail, tmp_path: Path) -> None:
    head = trail.verify().head
    tamper(tmp_path, "DELETE FROM audit WHERE number = 5")
    assert (trail.verify().fault, trail.verify(head).number) == ("", 5)


def test_entries_of_many_threads_make_one_chain(store: Store) -> None:
    def add() -> None:
        for number in range(10):
            store.audit.add({"path": f"/{number}"})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = store.audit.verify()
    assert (verdict.entries, verdict.fault) == (40, "")


def test_a_trail_that_is_too_long_forgets_its_beginning_and_is_whole(store: Store, tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path)
    trail = AuditTrail(Database(engine), kept=KEPT, at_once=AT_ONCE)
    sizes = set()
    for number in range(100):
        trail.add({"path": f"/{number}"})
        sizes.add(trail.verify().entries)
    verdict = trail.verify()
    engine.dispose()
    assert (verdict.fault, max(sizes) <= KEPT + AT_ONCE + 1) == ("", True)


def test_what_was_forgotten_cannot_hide_what_was_removed(store: Store, tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path)
    trail = AuditTrail(Database(engine), kept=KEPT, at_once=AT_ONCE)
    for number in range(100):
        trail.add({"path": f"/{number}"})
    oldest = trail.entries(limit=1)[0].number
    tamper(tmp_path, f"DELETE FROM audit WHERE number = {oldest}")
    verdict = trail.verify()
    engine.dispose()
    assert verdict.number == oldest + 1
