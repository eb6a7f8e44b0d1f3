"""A disk that is read-only: the service stays or starts, says so, loses nothing, and goes on when it can write.

What a real administrator meets: a disk that is mounted read-only when the service starts; one that the kernel makes
read-only under the running service, as it found an error on it; and a folder that is made read-only by a mount on top
of it. The disks are real ones, mounted for the test: this needs root.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certify_core.service.names import names_of
from certify_core.service.own_certificate import LIFETIME, OwnCertificate
from tests.support.chaos_proxy import ChaosProxy
from tests.support.degraded import answers, found, is_ready
from tests.support.disks import READ_ONLY, FailingDisk, covered, failing, mounted, names_read_only, read_only
from tests.support.issuing import issue, outcome_of, request, show
from tests.support.pebble import Pebble
from tests.support.ports import free_port
from tests.support.scripted_server import Reply
from tests.support.service import Answer, Service
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, wish


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 megabytes."""
    with mounted(tmp_path / "disk", megabytes=32) as folder:
        yield folder


@pytest.fixture
def port() -> int:
    """The port of the service, now and later."""
    return free_port()


@pytest.fixture
def service(disk: Path, port: int) -> Iterator[Service]:
    """A service with its data folder on that disk, and with one certificate."""
    running = Service(disk / "data").start(port=port)
    issue(running, wish("kept.internal", id="kept"))
    yield running
    running.close()


def launched(service: Service, port: int) -> str:
    """Start the service; return what it says first, as soon as its API answers."""
    line = service.launch(port=port)
    eventually(lambda: answers(service))
    return line


@pytest.fixture(scope="class")
def degraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    """A service that was started again on its disk when that was read-only, and what it said first."""
    port = free_port()
    with mounted(tmp_path_factory.mktemp("read-only") / "disk", megabytes=32) as disk:
        service = Service(disk / "data").start(port=port)
        service.stop()
        with read_only(disk), closing(service):
            yield service, launched(service, port)


class TestStartedOnAReadOnlyDisk:
    def test_it_says_so_where_it_was_started(self, degraded: tuple[Service, str]) -> None:
        _, line = degraded
        assert ("cannot be written: " in line, names_read_only(line)) == (True, True)
        assert "mount it for writing" in line

    def test_everything_is_refused_with_cause_and_remedy(self, degraded: tuple[Service, str]) -> None:
        service, _ = degraded
        refused = [service.call("GET", CERTIFICATES), service.call("POST", CERTIFICATES, wish("new.internal"))]
        assert [told(answer) for answer in refused] == [(503, "local", True)] * 2
        assert all("for writing" in answer.body["remedy"] for answer in refused)

    def test_the_health_checks_say_why(self, degraded: tuple[Service, str]) -> None:
        service, _ = degraded
        findings, health = found(service), service.call("GET", "/api/health", token=None)
        assert (health.status, health.body["live"], health.body["ready"]) == (503, True, False)
        assert names_read_only(findings["start-failed"]["evidence"])
        assert findings["folder-not-writable"]["severity"] == "error"

    def test_the_command_line_finds_it_and_says_why(self, degraded: tuple[Service, str]) -> None:
        service, _ = degraded
        doctor, listed = service.certify("doctor"), service.certify("list")
        assert (doctor.code, names_read_only(doctor.out), "by the service at" in doctor.out) == (1, True, True)
        assert (listed.code, names_read_only(listed.err)) == (1, True)

    def test_a_second_service_is_not_started(self, degraded: tuple[Service, str]) -> None:
        second = Service(degraded[0].data_dir)
        line = second.launch()
        assert ("in use by another service" in line, second.wait_for_death()) == (True, 1)

    def test_it_ends_when_it_is_told_to(self, degraded: tuple[Service, str]) -> None:
        assert degraded[0].stop() == 0


class TestWhenTheDiskCanBeWrittenAgain:
    @pytest.fixture
    def stopped(self, service: Service) -> Service:
        """The service, stopped."""
        service.stop()
        return service

    def test_it_works_and_has_lost_nothing(self, stopped: Service, disk: Path, port: int) -> None:
        with read_only(disk):
            launched(stopped, port)
        eventually(lambda: is_ready(stopped))
        assert (show(stopped, "kept")["status"], issue(stopped, wish("new.internal"))["status"]) == ("healthy",) * 2

    def test_the_log_says_what_was_wrong(self, stopped: Service, disk: Path, port: int) -> None:
        with read_only(disk):
            launched(stopped, port)
        eventually(lambda: names_read_only(stopped.log()))

    def test_a_lock_that_could_not_be_made_is_taken(self, stopped: Service, disk: Path, port: int) -> None:
        (stopped.data_dir / "service.lock").unlink()
        with read_only(disk):
            launched(stopped, port)
        eventually(lambda: is_ready(stopped))
        assert "in use by another service" in Service(stopped.data_dir).launch()

    def test_a_certificate_of_the_api_that_could_not_be_renewed_is_shown_until_it_can(
        self, stopped: Service, disk: Path, port: int
    ) -> None:
        early = datetime.now(UTC) - LIFETIME + timedelta(days=1)
        certificate = OwnCertificate(stopped.data_dir, names_of("localhost"), lambda: early)
        certificate.ensure()
        stopped.configure(useHTTPS=True)
        stopped.reach(f"https://localhost:{port}")
        with read_only(disk):
            launched(stopped, port)
            failure = found(stopped)["api-certificate"]
        eventually(lambda: is_ready(stopped))
        assert (names_read_only(failure["evidence"]), "api-certificate" in found(stopped)) == (True, False)


@pytest.mark.parametrize("folder", ["", "data"])
def test_where_no_service_has_run_before_it_ends_with_the_reason(disk: Path, folder: str) -> None:
    (disk / "data").mkdir()
    with read_only(disk):
        ended = Service(disk / folder / "new").certify("serve")
    assert (ended.code, names_read_only(ended.err), ended.err.count("\n")) == (1, True, 1)


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator[FailingDisk]:
    """A disk of 32 megabytes on which the kernel will find an error."""
    with failing(tmp_path / "disk", megabytes=32) as disk:
        yield disk


@pytest.fixture
def on_failing(failing_disk: FailingDisk) -> Iterator[Service]:
    """A service with its data folder on that disk, and with one certificate."""
    running = Service(failing_disk.folder / "data").start()
    issue(running, wish("kept.internal", id="kept"))
    yield running
    running.close()


CHANGES: dict[str, tuple[str, str, Any]] = {
    "a new certificate": ("POST", CERTIFICATES, wish("new.internal")),
    "a changed one": ("PATCH", f"{CERTIFICATES}/kept", {"version": 1, "name": "other"}),
    "a deleted one": ("DELETE", f"{CERTIFICATES}/kept", None),
    "a request": ("POST", f"{CERTIFICATES}/kept/request", None),
    "a credential": ("POST", "/api/credentials", {"id": "c", "provider": "files", "parameters": {}}),
    "a token": ("POST", "/api/tokens", {"title": "t", "role": "reader"}),
    "a channel": ("POST", "/api/notifications/channels", {"id": "c", "notifier": "apprise", "parameters": {}}),
    "a setting": ("PATCH", "/api/system/config", {"logLevel": "debug"}),
    "a backup": ("POST", "/api/database/backups", None),
    "another master key": ("POST", "/api/secrets/rotate", None),
}


class TestUnderARunningService:
    def test_linux_itself_refuses_to_make_its_disk_read_only(self, service: Service, disk: Path) -> None:
        asked = subprocess.run(["mount", "-o", "remount,ro", str(disk)], capture_output=True, text=True, check=False)
        assert (asked.returncode, "busy" in asked.stderr, show(service, "kept")["status"]) == (32, True, "healthy")

    def test_every_change_is_refused_with_cause_and_remedy(
        self, on_failing: Service, failing_disk: FailingDisk
    ) -> None:
        failing_disk.fail()
        refused = {what: on_failing.call(*change) for what, change in CHANGES.items()}
        assert {what: told(answer) for what, answer in refused.items()} == dict.fromkeys(CHANGES, (503, "local", True))
        assert all("read-only" in answer.body["remedy"] for answer in refused.values())

    def test_everything_can_still_be_read(self, on_failing: Service, failing_disk: FailingDisk) -> None:
        failing_disk.fail()
        listed = on_failing.call("GET", CERTIFICATES).body["items"]
        assert ([item["id"] for item in listed], show(on_failing, "kept")["status"]) == (["kept"], "healthy")

    def test_the_health_checks_say_so(self, on_failing: Service, failing_disk: FailingDisk) -> None:
        failing_disk.fail()
        assert found(on_failing)["folder-not-writable"]["evidence"] in READ_ONLY
        assert on_failing.call("GET", "/api/health", token=None).body["worst"] == "error"

    def test_started_on_the_mended_disk_it_has_lost_nothing(
        self, on_failing: Service, failing_disk: FailingDisk
    ) -> None:
        failing_disk.fail()
        on_failing.call("POST", f"{CERTIFICATES}/kept/request")
        stopped = on_failing.stop()
        failing_disk.repair()
        on_failing.start()
        assert (stopped, show(on_failing, "kept")["status"]) == (0, "healthy")
        assert "database-recovered" not in found(on_failing)

    def test_a_folder_that_is_covered_holds_a_request_up_and_no_longer(self, service: Service, disk: Path) -> None:
        before = show(service, "kept")["issued"]["serial"]
        with covered(disk):
            request(service, "kept")
            failure = show(service, "kept")["failure"]
        request(service, "kept")
        after = show(service, "kept")
        assert (failure["failure_class"], names_read_only(failure["cause"])) == ("local", True)
        assert (after["status"], after["issued"]["serial"] != before) == ("healthy", True)

    def test_a_deployment_into_a_covered_folder_is_made_up_for(
        self, service: Service, disk: Path, tmp_path: Path
    ) -> None:
        with mounted(tmp_path / "site", megabytes=1) as site:
            issue(service, wish("site.internal", id="site", deployments=[files_at(site / "tls")]))
            before = (site / "tls" / "cert.pem").read_bytes()
            with covered(site):
                request(service, "site")
                failure = show(service, "site")["deployments"][0]["failure"]
            service.call("POST", f"{CERTIFICATES}/site/deploy")
            eventually(lambda: show(service, "site")["status"] == "healthy")
            after = (site / "tls" / "cert.pem").read_bytes()
        assert (failure["failure_class"], names_read_only(failure["cause"]), after != before) == ("local", True, True)


def told(answer: Answer) -> tuple[int, str, bool]:
    """Return status and class of a refusal, and whether it names the reason."""
    return answer.status, answer.body["failure_class"], names_read_only(answer.body["detail"])


class Watched(ChaosProxy):
    """An authority that counts what it does, and during one such request something happens here."""

    def __init__(self, folder: Path, pebble: Pebble) -> None:
        super().__init__(folder, pebble.directory, pebble.ca_bundle)
        self.done: list[str] = []
        self._meanwhile: tuple[str, Callable[[], None]] | None = None

    def during(self, path: str, act: Callable[[], None]) -> None:
        """Do something while the next request to a path that begins so is on its way."""
        self._meanwhile = path, act

    def count(self, path: str) -> int:
        """Return how many requests to paths that begin so were granted."""
        return sum(done.startswith(path) for done in self.done)

    def instead(self, path: str, body: bytes) -> Reply | None:
        """Let it happen."""
        if self._meanwhile is not None and path.startswith(self._meanwhile[0]):
            act, self._meanwhile = self._meanwhile[1], None
            act()
        return None

    def passed_on(self, path: str, body: bytes) -> bytes:
        """Count what was done; a nonce that is refused was nothing yet."""
        if b"urn:ietf:params:acme:error" not in body:
            self.done.append(path)
        return body


ORDER, FINALIZE, CERTIFICATE = "/order-plz", "/finalize-order", "/certZ"


@pytest.fixture
def authority(tmp_path: Path, pebble: Pebble) -> Iterator[Watched]:
    """A Pebble behind the counter."""
    with Watched(tmp_path / "proxy", pebble) as running:
        yield running


@pytest.mark.parametrize("step", [ORDER, FINALIZE, CERTIFICATE], ids=["ordered", "finalized", "fetched"])
class TestAnOrderUnderWay:
    def test_it_waits_on_a_failed_disk_and_is_finished_on_the_mended_one(
        self, failing_disk: FailingDisk, authority: Watched, pebble: Pebble, step: str
    ) -> None:
        service = Service(failing_disk.folder / "data", environment=answering(pebble)).start()
        with closing(service):
            authority.during(step, failing_disk.fail)
            service.call("POST", CERTIFICATES, wanted(authority, "failed.example.test"))
            eventually(lambda: authority.count(step) > 0)
            service.stop()
            failing_disk.repair()
            service.start()
            eventually(lambda: show(service, "app")["status"] == "healthy", within=90)
        assert (authority.count(ORDER), authority.count(FINALIZE)) == (1, 1)

    def test_it_waits_in_a_covered_folder_and_goes_on_when_that_is_over(
        self, disk: Path, authority: Watched, pebble: Pebble, step: str
    ) -> None:
        service = Service(disk / "data", environment=answering(pebble)).start()
        with closing(service), ExitStack() as cover:
            authority.during(step, lambda: cover.enter_context(covered(disk)))
            created = service.call("POST", CERTIFICATES, wanted(authority, "covered.example.test"))
            outcome_of(service, created.body["operation"])
            failure = show(service, "app")["failure"]
            cover.close()
            request(service, "app")
            status = show(service, "app")["status"]
        assert (failure["failure_class"], names_read_only(failure["cause"]), status) == ("local", True, "healthy")
        assert (authority.count(ORDER), authority.count(FINALIZE)) == (1, 1)


def answering(pebble: Pebble) -> dict[str, str]:
    """Have challenges answered where this Pebble asks."""
    return {"CERTIFY_HTTP_CHALLENGE_SERVER_PORT": str(pebble.http_port)}


def wanted(authority: Watched, name: str) -> dict[str, Any]:
    """Want a certificate of this authority."""
    return {
        "id": "app",
        "identifiers": [name],
        "authority": authority.directory,
        "ca_bundle": str(authority.ca_bundle),
    }
