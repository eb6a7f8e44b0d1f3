"""The care of a large database at a start: the check before it is opened and the backup after that.

By the clock, which is what somebody waits for, and in computing time, which others on the machine do not lengthen much.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Self

import psutil

from benchmarks.filling import fill_with_issued, fill_with_wanted
from benchmarks.result import Result
from certify_core.api import CaredStore
from certify_core.contracts import PluginContext
from certify_core.plugins import Plugins

ITEMS = 100_000
STARTS = 3
AIM = 2.0
"""Seconds, check and backup together."""
GROWTH = 32
"""MiB that they may take."""


@dataclass(frozen=True)
class Cost:
    """What something has taken."""

    seconds: float
    cpu: float

    @classmethod
    def of(cls, act: Callable[[], object]) -> Self:
        """Return that of doing something."""
        began, computed = time.perf_counter(), time.process_time()
        act()
        return cls(time.perf_counter() - began, time.process_time() - computed)


@dataclass(frozen=True)
class Start:
    """What a start has taken."""

    check: Cost
    backup: Cost
    growth: float
    """MiB by which the process has grown at most."""

    @property
    def seconds(self) -> float:
        """How long it took by the clock."""
        return self.check.seconds + self.backup.seconds

    def result(self, what: str) -> Result:
        """Return a line of the table."""
        cpu = f"CPU {self.check.cpu:.2f} + {self.backup.cpu:.2f} s"
        figure = f"{self.check.seconds:.1f} + {self.backup.seconds:.1f} s, {cpu}"
        return Result(what, figure, f"< {AIM:.0f} s", reached=self.seconds < AIM)


def run(folder: Path) -> list[Result]:
    """Measure starts with a full database; the first one, with the check that is due once a day, is not counted."""
    fill_with_issued(folder / "data", ITEMS)
    _start(folder / "data")
    starts = [_start(folder / "data") for _ in range(STARTS)]
    fill_with_wanted(folder / "data", [{"identifiers": ["late.example.test"]}])
    changed = _start(folder / "data")
    growth = max(start.growth for start in starts)
    return [
        min(starts, key=lambda start: start.seconds).result(f"check and backup at a start, {ITEMS:,} items"),
        changed.result("the same, a name came since the last one"),
        Result("memory for both", f"{growth:.0f} MiB", f"< {GROWTH} MiB", growth < GROWTH),
    ]


def _start(data_dir: Path) -> Start:
    """Measure one in a process of its own: each has its caches to fill."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_started, data_dir).result()


def _started(data_dir: Path) -> Start:
    context = PluginContext(data_dir)
    provider = Plugins.load(context).stores.get("sqlite", field="store")
    assert isinstance(provider, CaredStore)
    care = provider.care(context)
    before = psutil.Process().memory_info().rss / 2**20
    check, backup = Cost.of(care.prepare), Cost.of(lambda: care.back_up("start"))
    return Start(check, backup, _most_memory() - before)


def _most_memory() -> float:
    """Return how many MiB this process had at most, without those of the one that it was forked from (Linux)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 2**10
