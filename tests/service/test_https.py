"""The API by HTTPS: its own certificate is checked before anybody shows a token, and others may reach it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
from starlette.responses import PlainTextResponse

from certify_core.files import remove_file
from certify_core.service.checks import ApiCheck, ServiceState
from certify_core.service.config import read_configuration
from certify_core.service.offering import ApiOffer
from certify_core.service.recognition import Kind, who_answers
from certify_core.service.servers import Server, read_server
from tests.support.checks import codes
from tests.support.degraded import found, launched
from tests.support.issuing import issue
from tests.support.ports import free_port
from tests.support.service import Service
from tests.support.stores import NOW, open_store, wanting
from tests.support.waiting import eventually
from tests.support.wishes import CERTIFICATES, files_at, wish

WHO = "/api/access"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that all of this machine's addresses lead to, by HTTPS."""
    folder = tmp_path_factory.mktemp("https") / "data"
    running = Service(folder).configure(useHTTPS=True, host="0.0.0.0", port=0).start(port=None)
    yield running
    running.close()


def port_of(service: Service) -> int:
    """Return the port of a service."""
    return int(service.url.rpartition(":")[2])


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine, the loopback's among them."""
    interfaces = psutil.net_if_addrs().values()
    return [item.address for found in interfaces for item in found if item.family is socket.AF_INET]


def test_the_command_line_finds_it_and_talks_to_it(encrypted: Service) -> None:
    assert (encrypted.url.startswith("https://"), encrypted.certify("list").code) == (True, 0)


def test_servers_json_says_so(encrypted: Service) -> None:
    (entry,) = json.loads((encrypted.data_dir / "servers.json").read_text())
    assert (entry["UseHTTPS"], entry["Host"]) == (True, "127.0.0.1")


def test_a_certificate_is_issued(encrypted: Service, name: str) -> None:
    assert issue(encrypted, wish(name))["status"] == "healthy"


def test_every_address_of_the_machine_leads_to_it(encrypted: Service) -> None:
    for address in own_addresses():
        url = f"https://{address}:{port_of(encrypted)}/api/health"
        with urllib3.PoolManager(ca_certs=str(encrypted.data_dir / "api-tls" / "root.pem")) as http:
            assert http.request("GET", url, retries=False).status == 200


def test_nobody_is_let_in_without_a_token(encrypted: Service) -> None:
    assert encrypted.call("GET", CERTIFICATES, token=None).status == 401


def test_it_is_called_by_the_names_of_this_machine_alone(encrypted: Service) -> None:
    hosts = [f"{socket.gethostname()}:{port_of(encrypted)}", "rebound.example"]
    assert [encrypted.call("GET", WHO, headers={"Host": host}).status for host in hosts] == [200, 403]


def test_nobody_is_answered_without_encryption(encrypted: Service) -> None:
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", encrypted.url.replace("https:", "http:") + WHO, retries=False, timeout=10)


def test_a_session_of_a_browser_stays_encrypted(encrypted: Service) -> None:
    url = encrypted.call("POST", "/api/access/links").body["url"]
    code = url.partition("#")[2]
    origin = encrypted.url
    answer = encrypted.call("POST", "/api/access/signin", {"code": code}, headers={"Origin": origin}, token=None)
    assert (url.startswith("https://"), "Secure" in answer.headers["Set-Cookie"]) == (True, True)


def test_all_is_well_with_it(encrypted: Service) -> None:
    assert found(encrypted)["api"]["severity"] == "ok"


def test_a_service_with_another_root_is_a_stranger(encrypted: Service, tmp_path: Path, service: Service) -> None:
    meant = read_server(encrypted.data_dir)
    assert meant is not None
    assert who_answers(meant.host, meant).kind is Kind.MEANT
    (tmp_path / "root.pem").write_bytes((encrypted.data_dir / "api-tls" / "server.pem").read_bytes())
    other = Server(meant.host, meant.port, meant.instance, https=True, root=tmp_path / "root.pem")
    assert who_answers(meant.host, other).kind is Kind.STRANGER


def test_who_does_not_speak_tls_is_a_stranger_and_gets_no_token(service: Service, encrypted: Service) -> None:
    meant = read_server(encrypted.data_dir)
    assert meant is not None
    plain = Server("127.0.0.1", port_of(service), meant.instance, https=True, root=meant.root)
    assert who_answers("127.0.0.1", plain).kind is Kind.STRANGER


def test_a_host_that_others_can_reach_is_not_listened_on_without_it(idle: Service) -> None:
    idle.configure(useHTTPS=False, host="0.0.0.0").start()
    assert (idle.url.startswith("http://localhost:"), "useHTTPS" in found(idle)["config-invalid"]["evidence"]) == (
        True,
        True,
    )


def test_a_service_that_could_not_start_says_so_by_https_too(idle: Service) -> None:
    (idle.data_dir / "master.key").write_bytes(b"short")
    idle.configure(useHTTPS=True)
    launched(idle)
    assert idle.url.startswith("https://")
    assert idle.call("GET", CERTIFICATES).status == 503


def test_without_a_certificate_nothing_is_offered_until_there_is_one(idle: Service, name: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with open_store(idle.data_dir) as store:
        store.certificates.create(wanting(name, deployments=(files_at(site),)), NOW, name)
    (idle.data_dir / "api-tls").write_bytes(b"")
    line = idle.configure(useHTTPS=True).launch()
    assert (line.startswith("certify: "), "api-tls" in line, "Traceback" in line) == (True, True, False)
    eventually((site / "fullchain.pem").exists)
    assert idle.certify("list").code == 3
    (idle.data_dir / "api-tls").unlink()
    eventually(lambda: idle.certify("list").code == 0)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything."""
    await PlainTextResponse("hello")(scope, receive, send)


@contextlib.contextmanager
def offered(data_dir: Path) -> Iterator[ServiceState]:
    """Offer an API by HTTPS whose certificate is looked at all the time."""
    (data_dir / "serviceconfig.json").write_text(json.dumps({"useHTTPS": True, "port": free_port()}))
    state = ServiceState(read_configuration(data_dir, environ={}))
    listening = threading.Event()
    offer = ApiOffer(data_dir, state, "one", lambda _: listening.set(), look_at_certificate=0.02)
    thread = threading.Thread(target=offer.serve, args=[lambda: hello], kwargs={"unless": lambda: False})
    thread.start()
    try:
        assert listening.wait(30)
        yield state
    finally:
        offer.interrupt()
        thread.join(30)


def shown(state: ServiceState) -> bytes:
    """Return the certificate that is shown."""
    server = state.server
    assert server is not None
    return ssl.get_server_certificate(("127.0.0.1", server.port)).encode()


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    with offered(tmp_path) as state:
        before = shown(state)
        remove_file(tmp_path / "api-tls" / "server.pem")  # Windows has who reads it be waited for
        eventually(lambda: shown(state) != before)
        assert state.server is not None
        assert who_answers("127.0.0.1", state.server).told.startswith("It answered 200")


def test_a_certificate_that_cannot_be_kept_is_a_finding_until_it_can(tmp_path: Path) -> None:
    with offered(tmp_path) as state:
        (tmp_path / "api-tls").rename(tmp_path / "elsewhere")
        (tmp_path / "api-tls").write_bytes(b"")
        eventually(lambda: state.certificate_failure is not None)
        assert "api-certificate" in codes(ApiCheck(state).run())
        (tmp_path / "api-tls").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "api-tls")
        eventually(lambda: state.certificate_failure is None)
        assert "api-certificate" not in codes(ApiCheck(state).run())


def test_servers_json_comes_back_when_it_was_deleted(tmp_path: Path) -> None:
    with offered(tmp_path) as state:
        (tmp_path / "servers.json").unlink()
        eventually(lambda: read_server(tmp_path) == state.server)
