"""A full disk under a running service: it stays, says so, loses nothing, and goes on when there is room.

The disk is a real one, mounted for the test: this needs root.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.support.disks import first_refusal, full, mounted, names_read_only, read_only
from tests.support.issuing import issue, request, show
from tests.support.ports import free_port
from tests.support.service import Service
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, wish


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    with mounted(tmp_path / "disk", megabytes=8) as folder:
        yield folder


@pytest.fixture
def service(disk: Path) -> Iterator[Service]:
    """A service with its data folder on that disk."""
    running = Service(disk / "data").start()
    yield running
    running.close()


def test_with_a_full_disk_a_change_is_refused_and_says_why(service: Service, disk: Path) -> None:
    with full(disk):
        answer = first_refusal(service)
    assert (answer.status, answer.body["failure_class"]) == (503, "local")
    assert "full" in answer.body["detail"]


def test_with_a_full_disk_everything_can_still_be_read(service: Service, disk: Path) -> None:
    issue(service, wish("read.internal", id="read"))
    with full(disk):
        listed = service.call("GET", CERTIFICATES)
        shown = show(service, "read")
    assert ([item["id"] for item in listed.body["items"]], shown["status"]) == (["read"], "healthy")


def test_when_there_is_room_again_all_goes_on(service: Service, disk: Path, tmp_path: Path) -> None:
    certificate = issue(service, wish("goes-on.internal", id="on", deployments=[files_at(tmp_path / "site")]))
    with full(disk):
        first_refusal(service)
        refused = service.call("POST", f"{CERTIFICATES}/on/request")
    request(service, "on")
    renewed = show(service, "on")
    assert (refused.status, renewed["status"]) == (503, "healthy")
    assert renewed["issued"]["serial"] != certificate["issued"]["serial"]


def test_a_deployment_that_a_full_disk_stopped_is_made_up_for(service: Service, disk: Path) -> None:
    site = disk / "site"
    issue(service, wish("site.internal", id="site", deployments=[files_at(site)]))
    before = (site / "cert.pem").read_bytes()
    with full(disk):
        service.call("POST", f"{CERTIFICATES}/site/request")
        assert (site / "cert.pem").read_bytes() == before
    request(service, "site")
    eventually(lambda: show(service, "site")["status"] == "healthy")
    assert (site / "cert.pem").read_bytes() != before


def begun_on(disk: Path, service: Service) -> str:
    """Start a service on a full disk, make room when it answers, and wait until it works; return what it said."""
    port = free_port()
    service.url = f"http://localhost:{port}"

    def answers() -> bool:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            return service.call("GET", CERTIFICATES, token=None).status > 0
        return False

    with full(disk):
        said = service.launch(port=port)
        eventually(answers, within=60)
    eventually(lambda: service.certify("list").code == 0, within=60)
    return said


def test_a_service_that_starts_on_a_full_disk_says_so_and_works_when_there_is_room(
    service: Service, disk: Path
) -> None:
    issue(service, wish("kept.internal", id="kept"))
    service.stop()
    said = begun_on(disk, service)
    assert ("cannot be written" in said, "kept" in service.certify("list").out) == (True, True)


def test_a_new_service_on_a_full_disk_begins_when_there_is_room(disk: Path) -> None:
    (disk / "data").mkdir()
    service = Service(disk / "data")
    said = begun_on(disk, service)
    service.close()
    assert "No space left" in said


def test_a_service_on_a_disk_that_may_not_be_written_says_so(service: Service, disk: Path) -> None:
    service.stop()
    with read_only(disk):
        said = service.launch()
    assert ("cannot be written: " in said, names_read_only(said)) == (True, True)


def test_killed_on_a_full_disk_it_has_lost_nothing(service: Service, disk: Path) -> None:
    issue(service, wish("kept.internal", id="kept"))
    with full(disk):
        service.call("POST", f"{CERTIFICATES}/kept/request")
        service.kill()
    service.start()
    assert show(service, "kept")["issued"] is not None
