"""The corruption campaign as a table: what Certify makes of 200 damaged databases, beside two recipes by hand.

    python -m benchmarks.campaign

Takes some minutes.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.support.campaign import Outcome, build, cases, outcome, recovered, recovered_without_journal
from tests.support.corruption import KINDS
from tests.support.stores import database_file

Recovery = Callable[[Path], None]


def backup_recipe(folder: Path) -> None:
    """The first recipe: `.backup`, and take what comes out."""
    database, output = database_file(folder), folder / "output.db"
    _sqlite3(database, f".backup {output}")
    _replace(database, output)


def dump_recipe(folder: Path) -> None:
    """The second recipe: `.dump`, read into a new file."""
    database, output = database_file(folder), folder / "new.db"
    dump = _sqlite3(database, ".dump")
    # The triggers of the sealed rows are made again by the service.
    statements = b"\n".join(line for line in dump.splitlines() if not line.startswith(b"CREATE TRIGGER"))
    subprocess.run(["sqlite3", str(output)], input=statements, capture_output=True, check=False)
    _replace(database, output)


METHODS: dict[str, Recovery] = {
    "Certify, by itself": recovered,
    "Certify, its journal lost too": recovered_without_journal,
    "sqlite3 .backup": backup_recipe,
    "sqlite3 .dump": dump_recipe,
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="certify-campaign-") as name:
        folder = Path(name)
        build(folder / "base")
        print(
            "| method | damage | databases | work afterwards | rows missing (mean) | rows older (mean) | rows wrong |"
        )
        print("|---|---|---|---|---|---|---|")
        for method, recovery in METHODS.items():
            with ProcessPoolExecutor(os.cpu_count()) as pool:
                found = list(pool.map(partial(_judged, folder, recovery), enumerate(cases())))
            for kind in KINDS:
                _print(method, kind, [one for one in found if one.kind == kind])
            _print(f"**{method}**", "**all**", found)
            sys.stdout.flush()


def _judged(folder: Path, recovery: Recovery, numbered: tuple[int, tuple[str, int, bool]]) -> Outcome:
    number, case = numbered
    return outcome(folder / "base", folder / f"{recovery.__name__}-{number}", case, recovery)


def _print(method: str, kind: str, found: Sequence[Outcome]) -> None:
    missing, older = (sum(figures) / len(found) for figures in zip(*((o.missing, o.stale) for o in found), strict=True))
    works, wrong = sum(one.opened for one in found), sum(one.wrong for one in found)
    print(f"| {method} | {kind} | {len(found)} | {works} | {missing:.1f} | {older:.1f} | {wrong} |")


def _sqlite3(database: Path, command: str) -> bytes:
    return subprocess.run(["sqlite3", str(database), command], capture_output=True, check=False).stdout


def _replace(database: Path, output: Path) -> None:
    for path in (database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        path.unlink(missing_ok=True)
    if output.exists():
        output.rename(database)
    else:
        sqlite3.connect(database).close()


if __name__ == "__main__":
    main()
