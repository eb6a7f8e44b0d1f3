"""How soon the service answers, how much memory it takes, and how soon the command line helps."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.filling import fill_with_issued
from benchmarks.result import Result
from tests.support.service import Service

ITEMS = 10_000
RUNS = 5


def run(folder: Path) -> list[Result]:
    """Measure start, memory and help."""
    fill_with_issued(folder / "data", ITEMS)
    service = Service(folder / "data")
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        service.start()
        seconds.append(time.perf_counter() - began)
        service.call("GET", "/api/managedcertificates?limit=50")
        memory = psutil.Process(service.pid).memory_info().rss / 2**20
        service.stop()
    ready = statistics.median(seconds)
    help_ = statistics.median(_help() for _ in range(RUNS))
    return [
        Result("service start to ready, 10,000 items", f"{ready:.2f} s", "≤ 1 s", ready <= 1),
        Result("resident memory, 10,000 items", f"{memory:.0f} MiB", "≤ 80 MiB", memory <= 80),
        Result("certify --help", f"{help_ * 1000:.0f} ms", "≤ 200 ms", help_ <= 0.2),
    ]


def _help() -> float:
    began = time.perf_counter()
    certify = Path(sys.executable).with_name("certify")
    subprocess.run([certify, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
