"""`certify audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.service import Service
from tests.support.stores import behind_its_back


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with which somebody has done something."""
    service = Service(tmp_path_factory.mktemp("busy")).start()
    service.certify("token", "create", "Monitoring")
    yield service
    service.close()


def test_the_list_says_who_did_what(busy: Service) -> None:
    line = busy.certify("audit", "list").out.splitlines()[1]
    assert ("api.token" in line, "POST /api/tokens" in line, line.endswith("201")) == (True, True, True)


def test_a_whole_trail_is_verified_with_its_head(busy: Service) -> None:
    shown = busy.certify("audit", "verify")
    head = shown.out.split("Head: ")[1].strip()
    assert [shown.code, busy.certify("audit", "verify", "--head", head).code] == [0, 0]


def test_an_export_holds_every_entry(busy: Service, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    assert busy.certify("audit", "export", "--output", str(file)).code == 0
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert [json.loads(entry["document"]).get("path") for entry in entries[:2]] == ["/api/tokens", None]
    assert busy.certify("audit", "export").out == file.read_text()


def test_a_changed_entry_ends_with_1(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        service.certify("token", "create", "Monitoring")
        with behind_its_back(service.data_dir) as database:
            database.execute(text("UPDATE audit SET document = '{}' WHERE number = 1"))
        ended = service.certify("audit", "verify")
    finally:
        service.close()
    assert (ended.code, "Entry 1 was changed" in ended.err) == (1, True)
