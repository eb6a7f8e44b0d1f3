"""GET /api/managedcertificates: pages that fit together, searches that mean what they say, and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from certify_core.domain.settings import RenewalSettings
from certify_core.store import Store
from tests.support.service import Service
from tests.support.stores import NOW, issue, open_store, wanting
from tests.support.wishes import CERTIFICATES

HUNDREDS = 400
HEALTHY = 3
ODD_NAMES = ("100% sure", "under_score", "back\\slash", "Straße", "it's; --")
TOTAL = HUNDREDS + HEALTHY + len(ODD_NAMES) + 2
RESTING = RenewalSettings(automatic=False)


def fill(store: Store) -> None:
    """Put in hundreds of certificates that are left alone, some of which are issued, and two of the same name."""
    for number in range(HUNDREDS):
        store.certificates.create(wanting(f"n{number:03}.many.test", renewal=RESTING), NOW)
    for number in range(HEALTHY):
        issue(store, store.certificates.create(wanting(f"n{number}.healthy.test", renewal=RESTING), NOW))
    for number, name in enumerate((*ODD_NAMES, "twin", "twin")):
        store.certificates.create(wanting(f"odd{number}.test", name=name, renewal=RESTING), NOW)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that finds hundreds of managed certificates when it starts."""
    running = Service(tmp_path_factory.mktemp("lists") / "data").configure()
    with open_store(running.data_dir) as store:
        fill(store)
    running.start()
    yield running
    running.close()


def page(service: Service, **query: Any) -> Any:
    """Return one page."""
    answer = service.call("GET", f"{CERTIFICATES}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return answer.body


def pages(service: Service, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """Give page after page to the last one."""
    current = page(service, **query)
    yield current["items"]
    while current["next"] is not None:
        current = page(service, **query, after=current["next"])
        yield current["items"]


def found(service: Service, **query: Any) -> list[str]:
    """Return the names on all pages."""
    return [item["name"] for items in pages(service, **query) for item in items]


def refused_field(service: Service, **query: Any) -> tuple[int, str]:
    """Return status and field of a refusal."""
    answer = service.call("GET", f"{CERTIFICATES}?{urlencode(query)}")
    return answer.status, answer.body["field"]


@pytest.mark.parametrize("limit", [7, 100, 1000])
def test_all_pages_together_are_the_whole_list_in_order(service: Service, limit: int) -> None:
    names = found(service, limit=limit)
    assert (len(names), names) == (TOTAL, sorted(names))


def test_no_certificate_is_on_two_pages(service: Service) -> None:
    ids = [item["id"] for items in pages(service, limit=10) for item in items]
    assert len(set(ids)) == TOTAL


def test_a_page_has_fifty_lines_unless_said_otherwise(service: Service) -> None:
    assert len(page(service)["items"]) == 50


def test_a_line_says_what_a_list_shows(service: Service) -> None:
    (line,) = page(service, search="n1.healthy.test")["items"]
    assert {**line, "id": ""} == {
        "id": "",
        "name": "n1.healthy.test",
        "identifiers": ["n1.healthy.test"],
        "status": "healthy",
        "expires_at": "2027-04-15T08:00:00Z",
        "next_due_at": None,
        "version": 1,
    }


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("%", ["100% sure"]),
        ("_", ["under_score"]),
        ("\\", ["back\\slash"]),
        ("'s; --", ["it's; --"]),
        ("STRASSE", ["Straße"]),
        ("n399.MANY", ["n399.many.test"]),
        ("odd1.test", ["under_score"]),
        ("nobody has this", []),
    ],
)
def test_a_search_finds_parts_of_names_and_identifiers_literally(
    service: Service, search: str, names: list[str]
) -> None:
    assert found(service, search=search) == names


def test_a_search_comes_in_pages_too(service: Service) -> None:
    assert found(service, search="many.test", limit=90) == [f"n{number:03}.many.test" for number in range(HUNDREDS)]


def test_a_status_filters(service: Service) -> None:
    assert found(service, status="healthy") == [f"n{number}.healthy.test" for number in range(HEALTHY)]


def test_search_and_status_filter_together(service: Service) -> None:
    assert found(service, status="healthy", search="n2") == ["n2.healthy.test"]


def test_an_exact_name_finds_no_part_of_a_name(service: Service) -> None:
    assert (found(service, name="twin"), found(service, name="twi")) == (["twin", "twin"], [])


def test_the_summary_counts_by_status(service: Service) -> None:
    summary = service.call("GET", f"{CERTIFICATES}/summary").body
    assert summary == {"healthy": HEALTHY, "waiting": TOTAL - HEALTHY}


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"after": "x"}, {"status": "happy"}, {"search": "x" * 256}],
    ids=lambda query: "-".join(f"{key} {value}"[:20] for key, value in query.items()),
)
def test_a_wrong_filter_is_refused_by_its_name(service: Service, query: dict[str, Any]) -> None:
    assert refused_field(service, **query) == (422, *query)
