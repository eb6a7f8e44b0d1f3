"""Other programs lock, remove or replace the files of a database in use: nothing is lost, and it is said."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support.service import Answer, Service
from tests.support.stores import database_file
from tests.support.waiting import eventually

CERTIFICATES = "/api/managedcertificates"
WISH = {"authority": "local"}
A_MOMENT = 0.5


def asked(service: Service, method: str, path: str, body: object = None) -> Answer | None:
    """Return what the API answers; nothing while it does not, as between two openings of the store."""
    try:
        return service.call(method, path, body)
    except urllib3.exceptions.HTTPError:
        return None


def add(service: Service, name: str) -> bool:
    """Add a managed certificate without requesting it; return whether it is there."""
    answer = asked(service, "POST", CERTIFICATES, {**WISH, "id": name, "identifiers": [f"{name}.internal"]})
    return answer is not None and answer.status in {201, 202, 409}


def names(service: Service) -> set[str]:
    """Return the ids of all managed certificates."""
    answer = asked(service, "GET", CERTIFICATES)
    return {item["id"] for item in answer.body["items"]} if answer is not None and answer.status == 200 else set()


def recovery(service: Service) -> dict[str, Any] | None:
    """Return what the last recovery did, if there was one."""
    answer = asked(service, "GET", "/api/database")
    return answer.body["recovery"] if answer is not None and answer.status == 200 else None


@contextlib.contextmanager
def locked(database: Path) -> Iterator[Callable[[], None]]:
    """Let another program write to the database during the block, or until the function that it gives is called."""
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False, timeout=30)
    with contextlib.closing(connection) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other.close


@contextlib.contextmanager
def kept_from_all_others(database: Path) -> Iterator[None]:
    """Let another program have the database so that nobody else can even read it."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with one certificate in its backup and one that came after it."""
    service = Service(tmp_path / "data").start()
    add(service, "early")
    service.call("POST", "/api/database/backups")
    add(service, "late")
    yield service
    service.close()


def remove_database(data_dir: Path) -> None:
    database_file(data_dir).unlink()


def remove_wal(data_dir: Path) -> None:
    database_file(data_dir).with_name("manageditems.db-wal").unlink()


def remove_everything_of_it(data_dir: Path) -> None:
    for path in data_dir.glob("manageditems.db*"):
        path.unlink()


def replace_by_an_older_one(data_dir: Path) -> None:
    copy = data_dir / "copy"
    shutil.copy(data_dir / "manageditems.db.bak", copy)
    copy.rename(database_file(data_dir))


@pytest.mark.parametrize("take", [remove_database, remove_wal, remove_everything_of_it, replace_by_an_older_one])
def test_what_is_taken_from_a_running_service_is_repaired_and_nothing_is_lost(
    service: Service, take: Callable[[Path], None]
) -> None:
    take(service.data_dir)
    eventually(lambda: add(service, "last"))
    eventually(lambda: recovery(service) is not None)
    found = recovery(service)
    assert found is not None
    assert (names(service), found["complete"]) == ({"early", "late", "last"}, True)


def test_what_was_taken_is_said(service: Service) -> None:
    remove_database(service.data_dir)
    eventually(lambda: recovery(service) is not None)
    found = service.call("POST", "/api/health/check").body["findings"]
    (finding,) = [item for item in found if item["code"] == "database-recovered"]
    told = "manageditems.db was removed by another program while it was in use."
    assert (told in finding["evidence"], told in service.log()) == (True, True)


def test_the_newest_backup_that_was_removed_is_made_again_by_the_next(service: Service) -> None:
    backup = service.data_dir / "manageditems.db.bak"
    backup.unlink()
    answer = service.call("POST", "/api/database/backups")
    assert (answer.status, backup.exists()) == (201, True)


def test_a_change_waits_for_who_has_locked_the_database_for_a_moment(service: Service) -> None:
    with locked(database_file(service.data_dir)) as let_go:
        threading.Timer(A_MOMENT, let_go).start()
        assert add(service, "last")


def test_a_change_that_waits_too_long_is_refused_as_a_whole_and_taken_later(service: Service) -> None:
    with locked(database_file(service.data_dir)):
        refused = service.call("POST", CERTIFICATES, {**WISH, "id": "last", "identifiers": ["last.internal"]})
        meanwhile = names(service)
    assert (refused.status, "locked" in refused.body["detail"], meanwhile) == (503, True, {"early", "late"})
    assert add(service, "last")


def test_a_start_waits_for_who_has_the_database_and_says_so(service: Service) -> None:
    service.stop()
    with kept_from_all_others(database_file(service.data_dir)):
        said = service.launch()
    eventually(lambda: service.certify("list").code == 0)
    listed = {item["id"] for item in service.certify("list", "--json").json["items"]}
    assert ("manageditems.db cannot be read: database is locked" in said, listed) == (True, {"early", "late"})
