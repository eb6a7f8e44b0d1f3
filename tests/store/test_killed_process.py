"""A process that is killed while it commits: what it had reported is there, and everything fits together."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.killing import TERMINATED
from tests.support.stores import database_file, open_store

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from certify_core.domain.certificate import DeploymentStatus
from tests.support.killing import TERMINATED
from tests.support.stores import NOW, issue, open_store, wanting
with open_store(Path(sys.argv[1])) as store:
    while True:
        created = store.certificates.create(wanting(places=2), NOW)
        print("created", created.id, flush=True)
        issued = issue(store, created)
        print("issued", created.id, flush=True)
        store.certificates.update_settings(created.id, 1, wanting(places=3), NOW)
        print("edited", created.id, flush=True)
"""
PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("after", [0.01, 0.05, 0.15, 0.4])
def test_what_was_reported_as_committed_is_there_after_a_kill(tmp_path: Path, after: float) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert writer.stdout is not None
    first = writer.stdout.readline()
    threading.Timer(after, writer.kill).start()
    reported = [line.split() for line in [first, *writer.stdout] if line.endswith("\n")]
    writer.wait()
    with open_store(tmp_path) as store:
        found = {one: store.certificates.get(one) for _, one in reported}
        for step, one in reported:
            assert step != "issued" or found[one].issued is not None
            assert step != "edited" or found[one].version == 2
        everything = [store.certificates.get(item["id"]) for item in store.certificates.page(limit=1000).items]
    assert writer.returncode == TERMINATED
    assert {(item.version, len(item.deployments)) for item in everything} <= {(1, 2), (2, 3)}
    with contextlib.closing(sqlite3.connect(database_file(tmp_path))) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
