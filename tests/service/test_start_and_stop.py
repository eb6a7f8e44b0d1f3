"""Starting and stopping: where the service is found, and that it ends when it is told to."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.support.gate import Gate
from tests.support.issuing import issue, show
from tests.support.ports import free_port, has_ipv6
from tests.support.service import Service
from tests.support.sse import events_path, messages, watched
from tests.support.stores import NOW, open_store, wanting
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, resting, wish

SECONDS = 10
"""In these the service has to end."""


def answers(service: Service) -> bool:
    """Whether the API answers at the service's address."""
    try:
        return service.call("GET", CERTIFICATES).status == 200
    except (urllib3.exceptions.HTTPError, OSError):
        return False


def exceptions(service: Service) -> str:
    """Return the log of errors."""
    path = service.data_dir / "logs" / "service.exceptions.log"
    return path.read_text() if path.exists() else ""


@contextlib.contextmanager
def loopback(address: str) -> Iterator[int]:
    """Hold a free port of one loopback address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, free_port()), family=family) as holder:
        yield holder.getsockname()[1]


LOOPBACKS = ["127.0.0.1", *(["[::1]"] if has_ipv6() else [])]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_localhost_means_every_loopback_address(service: Service, host: str) -> None:
    url = f"http://{host}:{urlsplit(service.url).port}/api/system/appversion"
    assert urllib3.request("GET", url, retries=False).status == 200


def test_servers_json_says_where_the_service_is(service: Service) -> None:
    (entry,) = json.loads((service.data_dir / "servers.json").read_text())
    assert (entry["Host"], entry["Port"]) == ("localhost", urlsplit(service.url).port)


def test_the_command_line_finds_the_service_by_it(service: Service, name: str) -> None:
    service.call("POST", CERTIFICATES, resting(name))
    assert name in service.certify("list").out


def test_servers_json_is_written_again_where_it_was_deleted(idle: Service) -> None:
    idle.start().stop()
    (idle.data_dir / "servers.json").unlink()
    idle.start()
    assert json.loads((idle.data_dir / "servers.json").read_text())[0]["Port"] == urlsplit(idle.url).port


def test_the_api_is_there_even_if_servers_json_cannot_be_written(idle: Service) -> None:
    (idle.data_dir / "servers.json").mkdir()
    assert answers(idle.start())
    assert "servers.json" in exceptions(idle)


def test_the_token_is_the_same_after_a_restart(idle: Service) -> None:
    idle.start().stop()
    before = idle.token
    assert answers(idle.start())
    assert idle.token == before


def test_an_empty_token_file_gets_a_new_token(idle: Service) -> None:
    path = idle.data_dir / "api.token"
    path.write_text("\n")
    assert answers(idle.start())
    assert (len(idle.token) > 40, stat.S_IMODE(path.stat().st_mode)) == (True, 0o600)


def test_a_log_folder_that_was_removed_comes_back(idle: Service, name: str) -> None:
    idle.start().stop()
    for path in sorted((idle.data_dir / "logs").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (idle.data_dir / "logs").rmdir()
    issue(idle.start(), wish(name, id=name))
    assert idle.call("GET", f"{CERTIFICATES}/{name}/log").body["entries"] != []


def test_a_log_whose_last_line_was_cut_off_goes_on(idle: Service, name: str) -> None:
    issue(idle.start(), wish(name, id=name))
    idle.stop()
    log = idle.data_dir / "logs" / "certificates" / f"{name}.log"
    log.write_bytes(log.read_bytes()[:-20])
    idle.start()
    before = idle.call("GET", f"{CERTIFICATES}/{name}/log").body["entries"]
    watched(idle, idle.call("POST", f"{CERTIFICATES}/{name}/request").body["operation"])
    after = idle.call("GET", f"{CERTIFICATES}/{name}/log").body["entries"]
    assert after[: len(before)] == before
    assert [entry["kind"] for entry in after[len(before) :]] == ["order created", "saved", "settled"]


def test_what_was_stored_is_there_after_a_restart(idle: Service, name: str) -> None:
    certificate = issue(idle.start(), wish(name, id=name))
    idle.stop()
    assert show(idle.start(), name) == certificate


def test_a_service_that_is_told_to_stop_ends_well(idle: Service) -> None:
    assert idle.start().stop(SECONDS) == 0
    assert exceptions(idle) == ""


def test_a_service_with_kept_connections_ends_too(idle: Service) -> None:
    idle.start().call("GET", CERTIFICATES)
    assert idle.stop(SECONDS) == 0


def test_a_service_whose_events_are_watched_ends_too(idle: Service, name: str, tmp_path: Path, gate: Gate) -> None:
    place = files_at(tmp_path / "site", reload=gate.command)
    operation = idle.start().call("POST", CERTIFICATES, wish(name, deployments=[place])).body["operation"]
    gate.wait_for_arrival()
    with idle.stream(events_path(operation)) as stream:
        next(messages(stream))
        idle.terminate()
        assert [event.kind for event in messages(stream)] == []
        gate.let_go()
        assert idle.wait_for_death(SECONDS) == 0
    assert exceptions(idle) == ""


def test_a_deployment_cut_off_by_the_end_is_done_by_the_next_start(
    idle: Service, name: str, tmp_path: Path, gate: Gate
) -> None:
    place = files_at(tmp_path / "site", reload=gate.command)
    idle.start().call("POST", CERTIFICATES, wish(name, id=name, deployments=[place]))
    gate.wait_for_arrival()
    idle.kill()
    gate.let_go()
    idle.start()
    gate.wait_for_arrival()
    gate.let_go()
    eventually(lambda: show(idle, name)["status"] == "healthy")


def test_a_service_whose_port_is_taken_says_so_once_and_ends_when_told(idle: Service) -> None:
    with loopback("127.0.0.1") as port:
        line = idle.launch(port=port)
        assert f"port {port}" in line
        assert "Traceback" not in line
        assert idle.stop(SECONDS) == 0
    assert exceptions(idle).count(f"port {port}") == 1


@pytest.mark.parametrize("address", [host.strip("[]") for host in LOOPBACKS])
def test_certificates_are_issued_while_the_port_is_taken_and_the_api_comes_when_it_is_free(
    idle: Service, name: str, tmp_path: Path, address: str
) -> None:
    site = tmp_path / "site"
    with open_store(idle.data_dir) as store:
        store.certificates.create(wanting(name, deployments=(files_at(site),)), NOW, name)
    with loopback(address) as port:
        idle.launch(port=port)
        eventually((site / "fullchain.pem").exists)
    idle.url = f"http://localhost:{port}"
    eventually(lambda: answers(idle))
    assert show(idle, name)["status"] == "healthy"
