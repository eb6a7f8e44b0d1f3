"""A service whose database was damaged: it starts, has its certificates, and says what happened."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service
from tests.support.stores import database_file
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8")
WISH = {"authority": "local"}


def add(service: Service, name: str) -> None:
    """Add a managed certificate without requesting it."""
    answer = service.call("POST", "/api/managedcertificates", {**WISH, "id": name, "identifiers": [f"{name}.internal"]})
    assert answer.status in {201, 202}


def names(service: Service) -> set[str]:
    """Return the ids of all managed certificates."""
    return {item["id"] for item in service.call("GET", "/api/managedcertificates").body["items"]}


def findings(service: Service) -> dict[str, str]:
    """Return what the health checks find, and how bad each is."""
    found = service.call("POST", "/api/health/check").body["findings"]
    return {finding["code"]: finding["severity"] for finding in found}


def garble(database: Path) -> None:
    """Make the first page anything."""
    content = bytearray(database.read_bytes())
    content[:4096] = bytes(range(256)) * 16
    database.write_bytes(content)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with one certificate in its backup and one that came after it, stopped."""
    service = Service(tmp_path / "data").start()
    add(service, "early")
    service.call("POST", "/api/database/backups")
    add(service, "late")
    service.stop()
    yield service
    service.close()


def test_it_starts_with_all_its_certificates(service: Service) -> None:
    garble(database_file(service.data_dir))
    assert names(service.start()) == {"early", "late"}


def test_it_says_that_it_has_repaired_itself(service: Service) -> None:
    garble(database_file(service.data_dir))
    assert findings(service.start())["database-recovered"] == "note"


def test_the_log_says_where_the_damaged_files_are(service: Service) -> None:
    garble(database_file(service.data_dir))
    service.start()
    assert re.search(r"The store was recovered .* The damaged files are in .*damaged", service.log())


def test_the_api_shows_what_was_done(service: Service) -> None:
    garble(database_file(service.data_dir))
    shown = service.start().call("GET", "/api/database").body["recovery"]
    assert (shown["complete"], Path(shown["set_aside"]).is_dir()) == (True, True)


def test_a_database_that_was_deleted_comes_back(service: Service) -> None:
    database_file(service.data_dir).unlink()
    assert names(service.start()) == {"early", "late"}


def test_what_cannot_be_had_back_is_an_error_that_is_said(service: Service) -> None:
    database_file(service.data_dir).unlink()
    for journal in service.data_dir.glob("manageditems.journal*"):
        journal.unlink()
    assert findings(service.start())["database-incomplete"] == "error"


def test_with_nothing_left_it_starts_empty(service: Service) -> None:
    for path in service.data_dir.glob("manageditems*"):
        path.unlink()
    shutil.rmtree(service.data_dir / "backups")
    database_file(service.data_dir).write_text("nothing that anybody could read")
    assert names(service.start()) == set()


def test_a_killed_service_is_no_damage(service: Service) -> None:
    service.start()
    add(service, "last")
    service.kill()
    assert (names(service.start()), "database-recovered" in findings(service)) == ({"early", "late", "last"}, False)


def test_a_start_makes_a_backup(service: Service) -> None:
    service.start()
    eventually(lambda: service.certify("db", "list", "--json").json[0]["reason"] == "start")


def test_the_command_checks_the_database_of_a_running_service(service: Service) -> None:
    ended = service.start().certify("db", "check")
    assert (ended.code, "is what was written" in ended.out) == (0, True), ended.err


def test_the_command_checks_it_without_a_service(service: Service) -> None:
    ended = service.certify("db", "check")
    assert (ended.code, "is what was written" in ended.out) == (0, True), ended.err


def test_the_command_ends_with_1_if_it_is_damaged(service: Service) -> None:
    garble(database_file(service.data_dir))
    ended = service.certify("db", "check")
    assert (ended.code, "no SQLite database" in ended.out) == (1, True)


@pytest.mark.parametrize("running", [True, False])
def test_the_command_puts_a_backup_back(service: Service, running: bool) -> None:
    backup = next(item for item in service.certify("db", "list", "--json").json if item["reason"] == "asked")
    if running:
        service.start()
    ended = service.certify("db", "restore", backup["id"], "--yes")
    if not running:
        service.start()
    assert (ended.code, names(service)) == (0, {"early"}), ended.err


@pytest.mark.parametrize("running", [True, False])
def test_the_command_recovers(service: Service, running: bool) -> None:
    if running:
        service.start()
    ended = service.certify("db", "recover")
    if not running:
        service.start()
    assert (ended.code, names(service)) == (0, {"early", "late"}), ended.err


def test_a_backup_that_there_is_not_ends_the_command_with_4(service: Service) -> None:
    assert service.certify("db", "restore", "20200101T000000Z", "--yes").code == 4


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("file", "sign"), [("rows.json", '"managedcertificate"'), ("rows.sql", "CREATE TABLE")])
def test_the_command_exports_all_rows(service: Service, tmp_path: Path, running: bool, file: str, sign: str) -> None:
    if running:
        service.start()
    ended = service.certify("db", "export", str(tmp_path / file))
    text = (tmp_path / file).read_text()
    assert (ended.code, sign in text, "early.internal" in text) == (0, True, True), ended.err


def test_an_export_overwrites_nothing(service: Service, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text("mine")
    ended = service.certify("db", "export", str(tmp_path / "rows.json"))
    assert (ended.code != 0, (tmp_path / "rows.json").read_text()) == (True, "mine")


def test_what_the_page_says_to_do_by_hand_works(service: Service) -> None:
    """The steps between stopping and starting it, as the account that a service of the system has."""
    (script,) = re.findall(r"^sudo -u certify sh -c '(.*?)'$", PAGE, re.MULTILINE | re.DOTALL)
    garble(database_file(service.data_dir))
    here = script.replace("/var/lib/certify", str(service.data_dir))
    subprocess.run(["sh", "-e", "-c", here], check=True)
    assert (names(service.start()), "database-recovered" in findings(service)) == ({"early"}, False)
