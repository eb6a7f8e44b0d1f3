"""Lists of managed certificates: sorted, in pages that fit together without a gap, searched and counted."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certify_core.api import InvalidInput
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.store import Store
from tests.support.stores import NOW, issue, wanting

THOUSANDS = 3_000


def pages(store: Store, limit: int, **filters: Any) -> Iterator[list[dict[str, Any]]]:
    """Give page after page to the last one."""
    page = store.certificates.page(limit=limit, **filters)
    yield page.items
    while page.next is not None:
        page = store.certificates.page(limit=limit, after=page.next, **filters)
        yield page.items


def listed(store: Store, limit: int = 50, **filters: Any) -> list[tuple[str, str]]:
    """Return name and id of everything on all pages."""
    return [(item["name"], item["id"]) for page in pages(store, limit, **filters) for item in page]


def names_found(store: Store, search: str) -> list[str]:
    """Return the names that a search finds."""
    return [name for name, _ in listed(store, search=search)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(names=st.lists(st.sampled_from(["", "a", "A", "b"]) | st.text(max_size=6), max_size=40), limit=st.integers(1, 9))
def test_all_pages_together_are_the_whole_list_sorted_by_name_and_id(
    store: Store, names: list[str], limit: int
) -> None:
    created = [store.certificates.create(wanting(name=name), NOW) for name in names]
    try:
        assert listed(store, limit) == sorted((item.settings.title, item.id) for item in created)
    finally:
        for item in created:
            store.certificates.delete(item.id)


def test_thousands_of_the_same_name_are_listed_once_each(store: Store) -> None:
    created = [store.certificates.create(wanting(name=f"name {number % 3}"), NOW) for number in range(THOUSANDS)]
    assert listed(store, 997) == sorted((item.settings.name, item.id) for item in created)


def test_a_page_is_full_until_the_last_one(store: Store) -> None:
    for _ in range(7):
        store.certificates.create(wanting(), NOW)
    assert [len(page) for page in pages(store, 3)] == [3, 3, 1]


def test_a_page_that_holds_exactly_the_rest_is_the_last(store: Store) -> None:
    for _ in range(6):
        store.certificates.create(wanting(), NOW)
    assert [len(page) for page in pages(store, 3)] == [3, 3]


def test_what_comes_and_goes_between_two_pages_moves_nothing_else(store: Store) -> None:
    for name in ("b", "c", "d", "e"):
        store.certificates.create(wanting(name=name), NOW, name)
    first = store.certificates.page(limit=2)
    store.certificates.create(wanting(name="a"), NOW)
    store.certificates.delete("c")
    second = store.certificates.page(limit=2, after=first.next)
    assert [item["name"] for item in second.items] == ["d", "e"]


def test_an_empty_store_has_one_empty_page(store: Store) -> None:
    assert list(pages(store, 50)) == [[]]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_without_room_still_has_one_item(store: Store, limit: int) -> None:
    for _ in range(3):
        store.certificates.create(wanting(), NOW)
    assert [len(page) for page in pages(store, limit)] == [1, 1, 1]


@pytest.mark.parametrize("content", [b"nonsense", b"5", b"[]", b"[1]", b'["a", "b", "c"]', b"null"])
def test_a_page_mark_that_is_not_ours_is_invalid_input(store: Store, content: bytes) -> None:
    for after in (content.decode(), base64.urlsafe_b64encode(content).decode()):
        with pytest.raises(InvalidInput) as refused:
            store.certificates.page(after=after)
        assert refused.value.field == "after"


def test_a_summary_says_what_a_list_needs(store: Store) -> None:
    created = store.certificates.create(wanting("app.test", "www.app.test", name="The app"), NOW)
    issued = issue(store, created).issued
    after = store.certificates.get(created.id)
    assert issued is not None
    assert store.certificates.page().items == [
        {
            "id": created.id,
            "name": "The app",
            "identifiers": ["app.test", "www.app.test"],
            "status": "healthy",
            "expires_at": issued.not_after,
            "next_due_at": after.next_due_at,
            "version": 1,
        }
    ]


@pytest.mark.parametrize(
    "search",
    ["shop", "SHOP", "Ärztehaus", "äRZTEHAUS", "xn--mller-kva", "müller", "MÜLLER.test", "192.0.2", "www.", "100%"],
)
def test_a_search_finds_parts_of_names_and_identifiers_in_any_case(store: Store, search: str) -> None:
    wanted = wanting("müller.test", "www.shop.test", "192.0.2.7", name="Ärztehaus 100%")
    store.certificates.create(wanted, NOW)
    store.certificates.create(wanting("other.example", name="Something else"), NOW)
    assert names_found(store, search) == ["Ärztehaus 100%"]


def test_a_name_that_is_part_of_another_is_found_in_full(store: Store) -> None:
    store.certificates.create(wanting("app.test", "www.app.test", "app.test.example"), NOW)
    for search in ("app.test", "www.app.test", "app.test.example"):
        assert names_found(store, search) == ["app.test"]


def test_a_title_that_only_looks_like_an_a_label_is_a_text_like_any_other(store: Store) -> None:
    store.certificates.create(wanting("app.test", name="xn--no label-"), NOW)
    assert names_found(store, "XN--no label") == ["xn--no label-"]


@pytest.mark.parametrize("search", ["%", "_", "\\", "a%z", "nowhere", "a?z", "[abz]", "app*test", "*app*", "[a]pp"])
def test_a_search_knows_no_wildcards(store: Store, search: str) -> None:
    store.certificates.create(wanting("app.test", name="abz"), NOW)
    assert names_found(store, search) == []


def searchable(certificate: ManagedCertificate) -> str:
    """Return what a search looks at; no search of a test goes over the end of a line."""
    return "\n".join((certificate.settings.title, *certificate.settings.identifiers))


TEXTS = st.text(st.sampled_from("abAÄß*?[]%_ '\""), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(names=st.lists(TEXTS, max_size=8), search=TEXTS, many=st.sampled_from([0, 2000]))
def test_by_the_index_or_along_the_list_a_search_finds_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, names: list[str], search: str, many: int
) -> None:
    monkeypatch.setattr("certify_core.store.search.MANY", many)
    created = [store.certificates.create(wanting(name=f"x{name}"), NOW) for name in names]
    try:
        wanted = [item.settings.title for item in created if search.casefold() in searchable(item).casefold()]
        assert sorted(names_found(store, search)) == sorted(wanted)
    finally:
        for item in created:
            store.certificates.delete(item.id)


def test_a_search_finds_the_new_name_and_no_longer_the_old(store: Store) -> None:
    created = store.certificates.create(wanting(name="before"), NOW)
    store.certificates.update_settings(created.id, 1, wanting(name="after"), NOW)
    assert (names_found(store, "before"), names_found(store, "after")) == ([], ["after"])


def test_search_status_and_pages_go_together(store: Store) -> None:
    for number in range(5):
        certificate = store.certificates.create(wanting(name=f"shop {number}"), NOW)
        store.certificates.create(wanting(name=f"shop {number} waiting"), NOW)
        store.certificates.create(wanting(name=f"office {number}"), NOW)
        issue(store, certificate)
    found = [name for name, _ in listed(store, 2, search="shop", status="healthy")]
    assert found == [f"shop {number}" for number in range(5)]


def test_a_status_lists_its_own_alone(store: Store) -> None:
    healthy = issue(store, store.certificates.create(wanting(), NOW))
    store.certificates.create(wanting(), NOW)
    assert [one for _, one in listed(store, status="healthy")] == [healthy.id]


def test_they_are_counted_by_status(store: Store) -> None:
    issue(store, store.certificates.create(wanting(), NOW))
    for _ in range(2):
        store.certificates.create(wanting(), NOW)
    assert store.certificates.count_by_status() == {Status.HEALTHY: 1, Status.WAITING: 2}


def test_a_name_finds_all_that_have_exactly_it(store: Store) -> None:
    same = [store.certificates.create(wanting(name="app"), NOW).id for _ in range(2)]
    store.certificates.create(wanting(name="App"), NOW)
    store.certificates.create(wanting(name="app 2"), NOW)
    assert store.certificates.ids_named("app") == sorted(same)
