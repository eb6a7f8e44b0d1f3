"""Whatever goes wrong between us and the authority, once, at any request: the certificate comes, from one order."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.support.chaos_proxy import ChaosProxy, Fault
from tests.support.issuing import issue, outcome_of, request, show
from tests.support.mortal import orders_at_authority
from tests.support.pebble import Pebble
from tests.support.scripted_server import ScriptedServer, Silence
from tests.support.service import Service

REQUESTS = {
    "newNonce": "/nonce-plz",
    "newOrder": "/order-plz",
    "authorization": "/authZ/",
    "challenge": "/chalZ/",
    "order": "/my-order/",
    "finalize": "/finalize-order/",
    "certificate": "/certZ/",
}
"""What is asked of Pebble on the way of one order, and where."""

FAULTS = {
    "500": Fault(500),
    "503 come back in a second": Fault(503, {"Retry-After": "1"}),
    "429 come back at a date": Fault(429, {"Retry-After": formatdate(usegmt=True)}),
    "reset before it is heard": Fault(),
    "its answer is lost": Fault(after=True),
    "500 although it was done": Fault(500, after=True),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An ACME server that lists a thousand orders on a page and refuses no nonce."""
    with Pebble(tmp_path_factory.mktemp("pebble"), nonce_reject=0, orders_per_page=1000) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, authority: Pebble) -> Iterator[ChaosProxy]:
    """What does the harm."""
    with ChaosProxy(tmp_path_factory.mktemp("proxy"), authority.directory, authority.ca_bundle) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, authority: Pebble, proxy: ChaosProxy) -> Iterator[Service]:
    """A service with an account, that speaks through the proxy."""
    running = Service(tmp_path_factory.mktemp("service")).configure(httpChallengeServerPort=authority.http_port).start()
    issue(running, wish(proxy, "first.example.test"))
    yield running
    running.close()


def wish(proxy: ChaosProxy, name: str) -> dict[str, Any]:
    """Return what is wanted of a name."""
    return {"identifiers": [name], "authority": proxy.directory, "ca_bundle": str(proxy.ca_bundle)}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("asked", REQUESTS)
def test_one_fault_costs_no_certificate_and_no_second_order(
    service: Service, proxy: ChaosProxy, asked: str, fault: str
) -> None:
    before = orders_at_authority(service.data_dir, proxy)
    if asked == "newNonce":
        # A service that has nonces asks for none.
        service.stop()
        service.start()
    proxy.arm(REQUESTS[asked], FAULTS[fault])
    certificate = issue(service, wish(proxy, f"{asked}-{list(FAULTS).index(fault)}.example.test".lower()))
    if certificate["status"] != "healthy":
        # What must not be repeated blindly waits for its next try: here somebody asks for it.
        request(service, certificate["id"])
    assert proxy.struck, "the fault never struck"
    assert show(service, certificate["id"])["status"] == "healthy"
    assert orders_at_authority(service.data_dir, proxy) == before + 1


def test_an_authority_that_hangs_holds_up_nobody_else(service: Service, proxy: ChaosProxy) -> None:
    with ScriptedServer() as silent:
        silent.on("/directory", Silence())
        for number in range(30):
            hanging = {"identifiers": [f"hang{number}.example.test"], "authority": f"{silent.url}/directory"}
            assert service.call("POST", "/api/managedcertificates", hanging).status == 201
        certificate = issue(service, wish(proxy, "meanwhile.example.test"))
    assert certificate["status"] == "healthy"


def test_two_hundred_certificates_survive_a_server_that_refuses_every_fifth_nonce(tmp_path: Path) -> None:
    with Pebble(tmp_path / "pebble", nonce_reject=20) as pebble:
        service = Service(tmp_path / "data").configure(httpChallengeServerPort=pebble.http_port).start()
        try:
            wishes = [
                {
                    "identifiers": [f"n{number}.example.test"],
                    "authority": pebble.directory,
                    "ca_bundle": str(pebble.ca_bundle),
                }
                for number in range(200)
            ]
            started = [service.call("POST", "/api/managedcertificates", wanted).body for wanted in wishes]
            kinds = [event["kind"] for item in started for event in outcome_of(service, item["operation"])]
        finally:
            service.close()
    assert (kinds.count("saved"), kinds.count("failed")) == (200, 0)
