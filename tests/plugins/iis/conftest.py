"""A machine with IIS, all in memory but for the handshakes, which are real ones with a server on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certify_core.api import CertificateBundle
from certify_iis.ledger import Ledger
from certify_iis.parameters import IisParameters
from certify_iis.target import IisTarget
from tests.plugins.iis.memory_iis import MemoryIis
from tests.plugins.iis.memory_store import MemoryStore
from tests.plugins.iis.sites import http, shown_by, site
from tests.plugins.iis.tls_front import TlsFront
from tests.support.certificates import CertificateAuthority

Parameters = Callable[..., IisParameters]


@dataclass
class Clock:
    """A clock that goes forward when a test says so."""

    ahead: float = 0.0

    def now(self) -> float:
        return 1_800_000_000.0 + self.ahead


@dataclass
class Machine:
    """Everything that the target meets."""

    iis: MemoryIis
    store: MemoryStore
    central: Path
    ledger: Path
    front: TlsFront
    clock: Clock = field(default_factory=Clock)

    def target(self, require: Callable[[], None] = lambda: None) -> IisTarget:
        """Return the target as a newly started service would have it."""
        return IisTarget(
            Ledger(self.ledger), self.iis, self.store, require=require, clock=self.clock.now, pause=lambda _: None
        )

    def shown(self) -> dict[str, str]:
        """Return the thumbprint of every https binding by its information."""
        return shown_by(self.iis.sites())

    def state(self) -> object:
        """Return all that a deployment may change."""
        files = {path.name: path.read_bytes() for path in self.central.iterdir()}
        ledger = Ledger(self.ledger)
        entries = [ledger.entry(name) for name in ("app.test", "other.test")]
        return self.iis.version(), self.store.contents(), files, entries


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture
def bundle(authority: CertificateAuthority) -> CertificateBundle:
    return authority.issue("app.test", "www.app.test")


@pytest.fixture
def renewed(authority: CertificateAuthority) -> CertificateBundle:
    return authority.issue("app.test", "www.app.test")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """IIS with one site, `app.test`, without https."""
    iis, store = MemoryIis(site(http("*:80:app.test"))), MemoryStore()
    for name in ("central", "front", "data"):
        (tmp_path / name).mkdir()
    with TlsFront(iis, store, tmp_path / "central", tmp_path / "front") as front:
        yield Machine(iis, store, tmp_path / "central", tmp_path / "data" / "iis" / "deployed.json", front)


@pytest.fixture
def target(machine: Machine) -> IisTarget:
    return machine.target()


@pytest.fixture
def parameters(machine: Machine) -> Parameters:
    """Make parameters as the command line does; new bindings get the port where handshakes are answered."""

    def make(**values: str) -> IisParameters:
        return IisParameters.model_validate({"port": str(machine.front.port), "verify_timeout": "3", **values})

    return make
