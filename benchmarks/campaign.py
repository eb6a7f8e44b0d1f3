"""The corruption campaign as a table: what Certify makes of damaged databases, beside two recipes by hand.

    python -m benchmarks.campaign

Takes some minutes.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.campaign import Outcome, Recovery, build, cases, opened, outcomes, recovered_without_journal, served
from tests.support.corruption import KINDS
from tests.support.stores import database_file

BACKUPS = {False: "good", True: "damaged"}


def backup_recipe(folder: Path) -> int | None:
    """The first recipe: `.backup`, and take what comes out."""
    database, output = database_file(folder), folder / "output.db"
    _sqlite3(database, f".backup {output}")
    return _taken(database, output)


def dump_recipe(folder: Path) -> int | None:
    """The second recipe: `.dump`, read into a new file."""
    database, output = database_file(folder), folder / "new.db"
    dump = _sqlite3(database, ".dump")
    # The triggers of the sealed rows are made again by the service.
    statements = b"\n".join(line for line in dump.splitlines() if not line.startswith(b"CREATE TRIGGER"))
    subprocess.run(["sqlite3", str(output)], input=statements, capture_output=True, check=False)
    return _taken(database, output)


METHODS: dict[str, tuple[Recovery, Sequence[bool]]] = {
    "Certify, by itself": (served, (False, True)),
    "Certify, its journal lost too": (recovered_without_journal, (False, True)),
    "sqlite3 .backup": (backup_recipe, (False,)),
    "sqlite3 .dump": (dump_recipe, (False,)),
}
"""Each with which backups it is tried: the recipes make no use of any."""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="certify-campaign-") as name:
        base = Path(name) / "base"
        build(base)
        print("| method | damage | backups | databases | work afterwards | rows missing | rows older | rows wrong |")
        print("|---|---|---|---|---|---|---|---|")
        for method, (recovery, backups) in METHODS.items():
            found = outcomes(base, cases(backups), recovery)
            used = {damaged: BACKUPS[damaged] if len(backups) > 1 else "not used" for damaged in backups}
            for kind in KINDS:
                for damaged in backups:
                    these = [one for one in found if (one.case.kind, one.case.backup_damaged) == (kind, damaged)]
                    _print(method, kind, used[damaged], these)
            _print(f"**{method}**", "**all**", "", found)
            sys.stdout.flush()


def _print(method: str, kind: str, backups: str, found: Sequence[Outcome]) -> None:
    missing, older = (sum(figures) / len(found) for figures in zip(*((o.missing, o.stale) for o in found), strict=True))
    works, wrong = sum(one.works for one in found), sum(one.wrong for one in found)
    print(f"| {method} | {kind} | {backups} | {len(found)} | {works} | {missing:.1f} | {older:.1f} | {wrong} |")


def _sqlite3(database: Path, command: str) -> bytes:
    return subprocess.run(["sqlite3", str(database), command], capture_output=True, check=False).stdout


def _taken(database: Path, output: Path) -> int | None:
    """Put what came out in the database's place, and work with it."""
    for path in (database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        path.unlink(missing_ok=True)
    if output.exists():
        output.rename(database)
    else:
        sqlite3.connect(database).close()
    return opened(database.parent)


if __name__ == "__main__":
    main()
