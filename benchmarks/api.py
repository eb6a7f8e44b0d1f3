"""How the API does with 100,000 managed certificates: lists per second, and the slowest of a hundred answers.

Beside what a client waits is what the service computes for an answer: others on the machine lengthen that little. The
service has finished then what it looks at after a start, which takes a core for some seconds.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.filling import fill_with_issued, open_store
from benchmarks.result import Result
from tests.support.service import Service

ITEMS = 100_000
CLIENTS = 4
SECONDS = 5.0
CALLS = 500
IDLE_SECONDS, IDLE_PERCENT = 3.0, 5.0
LIST = "/api/managedcertificates"
SEARCHES = {
    "a search that finds a few": "host4242",
    "a search that finds 1,111": "host42",
    "a search that finds all": "host",
    "a search too short for the index": "qq",
}


@dataclass(frozen=True)
class Latency:
    """How long something takes, in seconds."""

    slowest: float
    """What all but one in a hundred calls stay below."""
    cpu: float
    """What is computed for one call, on average."""

    def result(self, what: str, aim: float) -> Result:
        """Return a line of the table."""
        figure = f"{self.slowest * 1000:.1f} ms, CPU {self.cpu * 1000:.1f} ms"
        return Result(f"{what}, p99", figure, f"< {aim * 1000:.0f} ms", self.slowest < aim)


def run(folder: Path) -> list[Result]:
    """Measure lists per second, searches, and latencies."""
    fill_with_issued(folder / "data", ITEMS)
    due = _due_query(folder / "data")
    service = Service(folder / "data").start()
    try:
        _wait_until_idle(psutil.Process(service.pid))
        lists = _rate(service, f"{LIST}?limit=50")
        searches = _rate(service, f"{LIST}?limit=50&search=host4242")
        found = {what: _latency(service, f"{LIST}?limit=50&search={text}") for what, text in SEARCHES.items()}
        summary = _latency(service, f"{LIST}/summary")
    finally:
        service.close()
    return [
        Result("GET managedcertificates?limit=50, 100,000 items", f"{lists:.0f}/s", "≥ 600/s", lists >= 600),
        Result("the same with a search", f"{searches:.0f}/s"),
        *(latency.result(what, 0.02) for what, latency in found.items()),
        summary.result("GET managedcertificates/summary", 0.02),
        due.result("what is due", 0.005),
    ]


def _wait_until_idle(process: psutil.Process) -> None:
    """Wait until all is over that the service looks at once it has started: every row, every file, every name."""
    process.cpu_percent()
    while process.cpu_percent(interval=IDLE_SECONDS) > IDLE_PERCENT:
        pass


def _due_query(data_dir: Path) -> Latency:
    """Return how long the scheduler's look takes: what is due, and when the next is."""
    with open_store(data_dir) as store:

        def look() -> None:
            store.schedule.claim_due(time.time(), 50)
            store.schedule.next_moment()

        return _measured(look, psutil.Process())


def _latency(service: Service, path: str) -> Latency:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(service.url).port)
    headers = {"Authorization": f"Bearer {service.token}"}

    def ask() -> None:
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()

    return _measured(ask, psutil.Process(service.pid))


def _measured(work: Callable[[], None], worker: psutil.Process) -> Latency:
    """Do something many times; `worker` is the process that computes."""
    seconds = []
    before = worker.cpu_times()
    for _ in range(CALLS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    after = worker.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Latency(sorted(seconds)[CALLS * 99 // 100], cpu / CALLS)


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
