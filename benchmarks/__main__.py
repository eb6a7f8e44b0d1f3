"""Runs every benchmark and prints one table; a name or two as arguments run only those."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import api, issuance, start, store
from benchmarks.result import Result

BENCHMARKS: dict[str, Callable[[Path], list[Result]]] = {
    "start": start.run,
    "api": api.run,
    "issuance": issuance.run,
    "store": store.run,
}


def main(names: list[str]) -> None:
    """Run the benchmarks of these names, or all."""
    table = Table("measured", "figure", "aim", "")
    for name in names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="certify-bench-") as folder:
            for result in BENCHMARKS[name](Path(folder)):
                table.add_row(result.what, result.figure, result.aim, "" if result.reached else "not reached")
    Console(width=110).print(table)


main(sys.argv[1:])
