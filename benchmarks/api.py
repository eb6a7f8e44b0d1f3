"""How the API does with 100,000 managed certificates: lists per second, and the slowest of a hundred answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.filling import fill_with_issued, open_store
from benchmarks.result import Result
from tests.support.service import Service

ITEMS = 100_000
CLIENTS = 4
SECONDS = 5.0
CALLS = 500
LIST = "/api/managedcertificates"


def run(folder: Path) -> list[Result]:
    """Measure lists per second, searches, and latencies."""
    fill_with_issued(folder / "data", ITEMS)
    due = _due_query(folder / "data")
    service = Service(folder / "data").start()
    try:
        lists = _rate(service, f"{LIST}?limit=50")
        searches = _rate(service, f"{LIST}?limit=50&search=host4242")
        search, summary = (_p99(service, f"{LIST}{rest}") for rest in ("?limit=50&search=host4242", "/summary"))
    finally:
        service.close()
    return [
        Result("GET managedcertificates?limit=50, 100,000 items", f"{lists:.0f}/s", "≥ 600/s", lists >= 600),
        Result("the same with a search", f"{searches:.0f}/s"),
        Result("the same with a search, one client, p99", f"{search * 1000:.1f} ms", "< 20 ms", search < 0.02),
        Result("GET managedcertificates/summary, p99", f"{summary * 1000:.1f} ms", "< 20 ms", summary < 0.02),
        Result("what is due, p99", f"{due * 1000:.2f} ms", "< 5 ms", due < 0.005),
    ]


def _due_query(data_dir: Path) -> float:
    """Return how long the scheduler's look takes: what is due, and when the next is."""
    with open_store(data_dir) as store:

        def look() -> None:
            store.schedule.claim_due(time.time(), 50)
            store.schedule.next_moment()

        return _slowest(look)


def _p99(service: Service, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(service.url).port)
    headers = {"Authorization": f"Bearer {service.token}"}

    def ask() -> None:
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()

    return _slowest(ask)


def _slowest(work: Callable[[], None]) -> float:
    """Return the seconds that all but one in a hundred calls stay below."""
    seconds = []
    for _ in range(CALLS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[CALLS * 99 // 100]


def _rate(service: Service, path: str) -> float:
    counts = [0] * CLIENTS
    end = time.perf_counter() + SECONDS

    def ask(client: int) -> None:
        address = urlsplit(service.url)
        connection = http.client.HTTPConnection("127.0.0.1", address.port)
        headers = {"Authorization": f"Bearer {service.token}"}
        while time.perf_counter() < end:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            counts[client] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS
