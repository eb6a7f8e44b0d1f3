"""An authority that is none, a disk that is full, a bundle that has expired: one clear message, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.disks import first_refusal, full, mounted
from tests.support.issuing import issue, request, show
from tests.support.pebble import Pebble
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.service import Service
from tests.support.waiting import eventually

Wish = Callable[..., dict[str, Any]]
HTML = Reply(200, b"<!doctype html><title>Welcome to nginx!</title>", {"Content-Type": "text/html"})


def test_an_authority_that_answers_html_is_named(service: Service) -> None:
    with ScriptedServer() as server:
        server.on("/directory", HTML)
        certificate = issue(service, {"identifiers": ["html.example.test"], "authority": f"{server.url}/directory"})
    assert certificate["failure"]["cause"].startswith(f"{server.url}/directory")
    assert "text/html" in certificate["failure"]["cause"]


def test_a_directory_that_is_not_there_is_named(service: Service) -> None:
    with ScriptedServer() as server:
        server.on("/directory", Reply(404))
        certificate = issue(service, {"identifiers": ["gone.example.test"], "authority": f"{server.url}/directory"})
    assert f"{server.url}/directory" in certificate["failure"]["cause"]
    assert "404" in certificate["failure"]["cause"]


def test_an_authority_that_nobody_runs_is_its_own_failure(service: Service) -> None:
    with ScriptedServer() as server:
        address = f"{server.url}/directory"
    certificate = issue(service, {"identifiers": ["down.example.test"], "authority": address})
    assert certificate["failure"]["failure_class"] == "authority"


def test_a_bundle_without_certificates_is_named(service: Service, wish: Wish, tmp_path: Path) -> None:
    bundle = tmp_path / "empty.pem"
    bundle.write_text("")
    wanted = {**wish("bundle.example.test"), "ca_bundle": str(bundle)}
    certificate = issue(service, wanted)
    assert str(bundle) in certificate["failure"]["cause"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    with mounted(tmp_path / "disk", megabytes=3) as folder:
        yield folder


@pytest.fixture
def cramped(small_disk: Path, pebble: Pebble) -> Iterator[Service]:
    """A service with its data on the small disk."""
    running = Service(small_disk / "data").configure(httpChallengeServerPort=pebble.http_port).start()
    yield running
    running.close()


def test_a_full_disk_refuses_new_certificates_and_says_why(cramped: Service, small_disk: Path, wish: Wish) -> None:
    with full(small_disk):
        first_refusal(cramped)
        answer = cramped.call("POST", "/api/managedcertificates", wish("full.example.test", name="x" * 200))
    assert (answer.status, "disk" in answer.body["detail"]) == (503, True)


def test_a_service_goes_on_when_there_is_room_again(cramped: Service, small_disk: Path, wish: Wish) -> None:
    certificate = issue(cramped, wish("room.example.test"))
    with full(small_disk):
        cramped.call("POST", f"/api/managedcertificates/{certificate['id']}/request")
    request(cramped, certificate["id"])
    eventually(lambda: show(cramped, certificate["id"])["status"] == "healthy")
    assert show(cramped, certificate["id"])["issued"]["serial"] != certificate["issued"]["serial"]
