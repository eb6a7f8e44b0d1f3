"""Whether challenges arrive by the public addresses of names, with a real name server and the real listener.

Addresses of the loopback stand for public ones: nobody outside is asked.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from certify_core.api import Finding, PluginContext, Severity
from certify_core.domain.settings import ChallengeSettings
from certify_core.engine.wanted import Wanted
from certify_core.health.reachability import ReachabilityCheck, is_public
from certify_core.plugins import Plugins
from certify_core.store import Store
from tests.support.dns_server import DnsServer
from tests.support.http_exchange import is_open
from tests.support.ports import free_port
from tests.support.stores import issue, open_store, wanting

NAME = "www.shop.test"
OURS, DEAD = "127.0.0.1", "127.0.0.77"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class World:
    """A store and a name server."""

    store: Store
    dns: DnsServer
    plugins: Plugins
    port: int

    def lead_to(self, *addresses: str) -> None:
        """Have the name lead to these addresses."""
        self.dns.records[f"{NAME}.", "A"] = list(addresses)

    def wish(self, **challenge: Any) -> None:
        """Want a certificate whose challenges are answered like this."""
        wanted = wanting(NAME, challenge=ChallengeSettings(**challenge))
        issue(self.store, self.store.certificates.create(wanted, 0))

    def found(self, port: int | None = None) -> Finding:
        """Return the only finding."""
        provider = Wanted(self.plugins, self.store.vault, self.store.credentials).provider
        check = ReachabilityCheck(
            self.store, provider, resolver=self.dns.resolver, public=lambda _: True, port=port or self.port
        )
        (finding,) = check.run()
        return finding


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A store without certificates, and a free port for challenges."""
    port = free_port()
    plugins = Plugins.load(PluginContext(tmp_path))
    with DnsServer() as dns, open_store(tmp_path) as store:
        yield World(store, dns, plugins, port)


def test_a_name_whose_addresses_lead_here_is_well(world: World) -> None:
    world.wish(parameters={"port": world.port})
    world.lead_to(OURS)
    found = world.found()
    assert (found.severity, found.evidence) == (Severity.OK, "1 names with public addresses were looked at.")


def test_looking_leaves_no_listener_behind(world: World) -> None:
    world.wish(parameters={"port": world.port})
    world.lead_to(OURS)
    world.found()
    assert not is_open(world.port)


def test_a_name_that_leads_nowhere_is_not_looked_at(world: World) -> None:
    world.wish(parameters={"port": world.port})
    assert world.found().evidence == "0 names with public addresses were looked at."


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "fd00::1", "fe80::1", "100.64.0.1"])
def test_addresses_of_ones_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(address)


def test_another_server_that_answers_is_a_warning(world: World, tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer((OURS, 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        world.wish(parameters={"port": world.port})
        world.lead_to(OURS)
        found = world.found(server.server_port)
        server.shutdown()
    assert (found.code, found.severity, found.subject) == ("challenge-answered-elsewhere", Severity.WARNING, NAME)


def test_where_nobody_answers_it_is_a_note_as_it_may_be_seen_from_outside(world: World) -> None:
    world.wish(parameters={"port": world.port})
    world.lead_to(OURS)
    found = world.found(free_port())
    assert (found.code, found.severity) == ("challenge-not-seen", Severity.NOTE)


def test_a_dead_address_beside_a_live_one_is_named(world: World, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with http.server.ThreadingHTTPServer((OURS, 0), partial(Quiet, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        world.wish(provider="webroot", parameters={"path": str(root), "port": server.server_port})
        world.lead_to(OURS, DEAD)
        found = world.found(server.server_port)
        server.shutdown()
    assert (found.code, f"Remove {DEAD}" in found.remedy) == ("challenge-address-dead", True)


def test_names_whose_challenges_nobody_answers_are_not_looked_at(world: World) -> None:
    world.wish(provider="nobody")
    world.lead_to(OURS)
    assert world.found().evidence == "0 names with public addresses were looked at."
