"""The engine's deployments with targets of a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from certify_core.api import DeploymentFailed
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate
from certify_core.domain.settings import DeploymentSettings
from certify_core.engine.deployments import Deployments
from certify_core.engine.events import EventKind, Events
from certify_core.engine.inspections import Inspections
from certify_core.engine.wanted import Wanted
from certify_core.store import Store
from tests.support.plugins import FakeTarget, plugins_with
from tests.support.stores import KEY_PEM, NOW, issue, wanting

LEAF = "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n"
CHAIN = "-----BEGIN CERTIFICATE-----\nY2hhaW4=\n-----END CERTIFICATE-----\n"


def failing(error: BaseException) -> Callable[[], None]:
    """Return a step that raises."""

    def step() -> None:
        raise error

    return step


REFUSED = DeploymentFailed("The server does not serve it.", "Reload it.")


class Workshop:
    """The engine's deployments with targets of a test."""

    def __init__(self, store: Store, folder: Path, *targets: FakeTarget) -> None:
        self.store = store
        self.now = NOW
        self.told: list[str] = []
        self.settled: list[str] = []
        events = Events(lambda: self.now)
        events.subscribe(lambda event: self.told.append(event.message))
        self.kinds: list[EventKind] = []
        events.subscribe(lambda event: self.kinds.append(event.kind))
        wanted = Wanted(plugins_with(folder, *targets), store.vault, store.credentials)
        self.wanted = wanted
        self.inspections = Inspections(store, wanted)
        self.deployments = Deployments(store, wanted, events, lambda: self.now, self.settled.append)

    def issued(self, *targets: str) -> ManagedCertificate:
        """Return a certificate that is issued and saved, and due at these targets."""
        settings = wanting(deployments=tuple(DeploymentSettings(target=name) for name in targets))
        return self.renewed(self.store.certificates.create(settings, NOW))

    def renewed(self, certificate: ManagedCertificate) -> ManagedCertificate:
        """Return the certificate with a new one issued."""
        certificate = issue(self.store, certificate, at=self.now)
        assert certificate.issued is not None
        self.store.assets.save(certificate.id, certificate.issued.id, LEAF + CHAIN, KEY_PEM)
        return certificate

    def run_due(self) -> None:
        """Run what is due, as the scheduler has it run."""
        for deployment_id in self.store.schedule.claim_due_deployments(self.now, 100):
            self.deployments.run(deployment_id)

    def statuses(self, certificate: ManagedCertificate) -> list[DeploymentStatus]:
        """Return how the deployments of a certificate stand."""
        return [item.status for item in self.store.certificates.get(certificate.id).deployments]


Open = Callable[..., Workshop]
"""Opens the workshop with targets."""
