"""No query walks through a whole table: the plans of the statements that are really sent say so."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, inspect
from sqlmodel import SQLModel

from certify_core.domain.ari import begun
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.limits import Claim, Limit, LimitKind
from certify_core.store import Store
from certify_core.store.ledger import Announced, Spending
from tests.support.stores import (
    FAILURE,
    NOW,
    ORIGIN,
    database_file,
    issue,
    issued_for,
    order_for,
    revocation_of,
    sqlite_engine,
    wanting,
)

DIRECTORY = "https://ca.test/directory"
LIMITS = (Limit(LimitKind.FAILURES, 5, 3600.0), Limit(LimitKind.CERTIFICATES, 50, 7 * 86_400.0))
Query = Callable[[Store, ManagedCertificate], object]


class Statements:
    """The statements that an engine has sent, and SQLite's plan for each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sent: list[tuple[str, Any]] = []

    def note(self, _c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        """Remember one statement: a listener."""
        if statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}:
            self._sent.append((statement, parameters))

    def forget(self) -> None:
        """Begin anew."""
        self._sent.clear()

    def plans(self) -> list[str]:
        """Return the steps of every statement's plan."""
        with contextlib.closing(sqlite3.connect(self._path)) as database:
            database.create_function("certify_seal", -1, lambda *_: None)  # the plugin's triggers name it
            return [
                row[3]
                for statement, parameters in self._sent
                for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]


@pytest.fixture
def sent(tmp_path: Path) -> Statements:
    """What the store below sends."""
    return Statements(database_file(tmp_path))


@pytest.fixture
def store(tmp_path: Path, sent: Statements) -> Iterator[Store]:
    """A store whose statements are noted."""
    engine = sqlite_engine(tmp_path)
    event.listen(engine, "before_cursor_execute", sent.note)
    store = Store(engine, tmp_path)
    yield store
    store.close()


def first_page(store: Store, **filters: Any) -> object:
    return store.certificates.page(limit=1, **filters)


def second_page(store: Store, **filters: Any) -> object:
    mark = store.certificates.page(limit=1, **filters).next
    assert mark is not None
    return store.certificates.page(limit=1, after=mark, **filters)


def an_order_to_its_end(store: Store, certificate: ManagedCertificate) -> None:
    order = order_for(certificate)
    store.orders.open(order)
    store.orders.save(store.orders.get(order.id), NOW)
    store.orders.interrupt(order, FAILURE, Outcome(NOW), NOW)
    store.orders.complete(order, issued_for(certificate.settings), NOW)
    assert store.orders.urls(certificate.id) == set()


FOUND_BY_KEY: dict[str, Query] = {
    "status filter": lambda store, _: store.certificates.page(status="deploying"),
    "one certificate": lambda store, one: store.certificates.get(one.id),
    "by name": lambda store, one: store.certificates.ids_named(one.settings.title),
    "ending": lambda store, _: store.inspection.ending(NOW, 10),
    "first message": lambda store, _: store.outbox.first("ops"),
    "due next": lambda store, _: store.inspection.due_next(10),
    "issued": lambda store, _: list(store.inspection.issued()),
    "is there": lambda store, one: store.inspection.is_there(one.id),
    "edit": lambda store, one: store.certificates.update_settings(one.id, 1, wanting(places=3), NOW),
    "delete": lambda store, one: store.certificates.delete(one.id),
    "due": lambda store, _: store.schedule.claim_due(NOW * 2, 10),
    "due deployments": lambda store, _: store.schedule.claim_due_deployments(NOW, 10),
    "due but waiting": lambda store, _: store.schedule.due_but_waiting(NOW),
    "next moment": lambda store, _: store.schedule.next_moment(),
    "next window": lambda store, _: store.windows.next_moment(),
    "due windows": lambda store, _: store.windows.claim_due(NOW, 10),
    "keep a window": lambda store, one: store.windows.keep(one.id, begun(ORIGIN.ari_id, NOW, None)),
    "request": lambda store, one: store.schedule.request(one.id, NOW),
    "release": lambda store, one: store.schedule.release(one.id, NOW),
    "recover": lambda store, _: store.schedule.recover(NOW),
    "order": an_order_to_its_end,
    "one deployment": lambda store, one: store.deployments.get(one.deployments[0].id),
    "save a deployment": lambda store, one: store.deployments.save(one.deployments[0], _issued_id(one), NOW),
    "budget of an order": lambda store, _: store.ledger.buckets(
        DIRECTORY, [(limit.kind, name) for limit in LIMITS for name in ("a.test", "b.test")]
    ),
    "fullest": lambda store, _: store.ledger.fullest(DIRECTORY, LimitKind.FAILURES, NOW, 10),
    "spend": lambda store, _: store.ledger.spend(
        [Spending(DIRECTORY, Claim(limit, "a.test")) for limit in LIMITS], NOW
    ),
    "announced": lambda store, _: store.ledger.announced(NOW),
    "announce": lambda store, _: store.ledger.announce([Announced(DIRECTORY, LimitKind.ORDERS, "", NOW, "", "")], NOW),
    "sweep": lambda store, _: store.ledger.sweep(NOW),
    "revocations of one": lambda store, one: store.revocations.of(one.id),
    "unfinished revocations": lambda store, _: store.revocations.unfinished(),
    "revoke": lambda store, one: store.revocations.complete(store.revocations.want(revocation_of(one)), NOW),
    "where it was ordered": lambda store, one: store.revocations.ordered_at(one.id, _issued_id(one)),
    "account of a directory": lambda store, _: store.accounts.find("https://authority.test"),
}
WALKED_IN_ORDER: dict[str, Query] = {
    "first page": lambda store, _: store.certificates.page(),
    "count by status": lambda store, _: store.certificates.count_by_status(),
}


def _issued_id(certificate: ManagedCertificate) -> str:
    assert certificate.issued is not None
    return certificate.issued.id


@pytest.fixture
def certificate(store: Store) -> ManagedCertificate:
    """An issued certificate among others."""
    for _ in range(3):
        certificate = issue(store, store.certificates.create(wanting(places=2), NOW), origin=ORIGIN)
    return certificate


@pytest.mark.parametrize("query", FOUND_BY_KEY.values(), ids=FOUND_BY_KEY.keys())
def test_what_is_asked_for_is_found_by_an_index_without_a_walk(
    store: Store, sent: Statements, certificate: ManagedCertificate, query: Query
) -> None:
    sent.forget()
    query(store, certificate)
    plans = sent.plans()
    assert [step for step in plans if step.startswith("SEARCH")]
    walks = tuple(f"SCAN {table}" for table in SQLModel.metadata.tables)
    assert [step for step in plans if step.startswith((*walks, "USE TEMP B-TREE"))] == []


@pytest.mark.parametrize("query", WALKED_IN_ORDER.values(), ids=WALKED_IN_ORDER.keys())
def test_lists_walk_along_an_index_that_has_their_order(
    store: Store, sent: Statements, certificate: ManagedCertificate, query: Query
) -> None:
    sent.forget()
    query(store, certificate)
    (step,) = sent.plans()
    assert ("INDEX" in step, "TEMP B-TREE" in step) == (True, False)


@pytest.mark.parametrize("filters", [{}, {"status": "deploying"}])
def test_a_later_page_begins_where_the_one_before_ended(
    store: Store, sent: Statements, certificate: ManagedCertificate, filters: dict[str, Any]
) -> None:
    sent.forget()
    second_page(store, **filters)
    *_, step = sent.plans()
    assert (step.startswith("SEARCH"), "(name,id)>(?,?)" in step) == (True, True)


@pytest.mark.parametrize("filters", [{}, {"status": "deploying"}])
@pytest.mark.parametrize("page", [first_page, second_page])
def test_a_search_is_led_to_its_rows_by_the_index_of_trigrams(
    store: Store,
    sent: Statements,
    certificate: ManagedCertificate,
    filters: dict[str, Any],
    page: Callable[..., object],
) -> None:
    sent.forget()
    page(store, search="app", **filters)
    plans = sent.plans()
    assert "SCAN certify_search VIRTUAL TABLE INDEX 0:G0" in plans  # G0: a pattern on its first column
    assert "SEARCH managedcertificate USING INTEGER PRIMARY KEY (rowid=?)" in plans
    assert [step for step in plans if step.startswith("SCAN managedcertificate")] == []


@pytest.mark.parametrize("text", ["app", "ap"], ids=["what many have", "what is too short for a trigram"])
@pytest.mark.parametrize("filters", [{}, {"status": "deploying"}])
def test_a_search_that_has_to_walk_does_so_along_the_index_that_holds_its_text(
    store: Store,
    sent: Statements,
    certificate: ManagedCertificate,
    filters: dict[str, Any],
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("certify_core.store.search.MANY", 2)
    sent.forget()
    store.certificates.page(search=text, **filters)
    walks = [step for step in sent.plans() if step.startswith("SCAN managedcertificate")]
    assert walks == ["SCAN managedcertificate USING COVERING INDEX ix_managedcertificate_search"]


def test_deleting_finds_what_goes_along_by_an_index(tmp_path: Path, store: Store) -> None:
    inspector = inspect(sqlite_engine(tmp_path))
    unindexed = [
        (table, key["constrained_columns"])
        for table in inspector.get_table_names()
        for key in inspector.get_foreign_keys(table)
        if not any(
            index["column_names"][: len(key["constrained_columns"])] == key["constrained_columns"]
            for index in inspector.get_indexes(table)
        )
    ]
    assert unindexed == []
