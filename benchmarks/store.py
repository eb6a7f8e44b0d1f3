"""The care of a large database: the check at the start and a backup, while nobody can work and while everybody does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.filling import fill_with_issued
from benchmarks.result import Result
from certify_core.api import CaredStore
from certify_core.contracts import PluginContext
from certify_core.plugins import Plugins

ITEMS = 100_000
AIM = 2.0
"""Seconds, together."""


def run(folder: Path) -> list[Result]:
    """Measure both with a full database."""
    fill_with_issued(folder / "data", ITEMS)
    context = PluginContext(folder / "data")
    provider = Plugins.load(context).stores.get("sqlite", field="store")
    assert isinstance(provider, CaredStore)
    care = provider.care(context)
    care.check(full=True)  # the one that is due once a day
    check = _seconds(care.prepare)
    backup = _seconds(lambda: care.back_up("daily"))
    what = f"check at the start and backup, {ITEMS:,} certificates"
    return [
        Result(what, f"{check:.1f} s + {backup:.1f} s", f"{AIM:.0f} s", reached=check + backup <= AIM),
    ]


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
