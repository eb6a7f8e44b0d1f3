"""How many lists of 50 the API gives per second with 100,000 managed certificates, from one client after another."""

from __future__ import annotations

import http.client
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.filling import fill_with_issued
from benchmarks.result import Result
from tests.support.service import Service

ITEMS = 100_000
CLIENTS = 4
SECONDS = 5.0


def run(folder: Path) -> list[Result]:
    """Measure lists per second, and searches."""
    fill_with_issued(folder / "data", ITEMS)
    service = Service(folder / "data").start()
    try:
        lists = _rate(service, "/api/managedcertificates?limit=50")
        searches = _rate(service, "/api/managedcertificates?limit=50&search=host4242")
    finally:
        service.close()
    return [
        Result("GET managedcertificates?limit=50, 100,000 items", f"{lists:.0f}/s", "≥ 600/s", lists >= 600),
        Result("the same with a search", f"{searches:.0f}/s"),
    ]


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
