"""What deployments would do, and whether what they did is still served: looked at, and nothing is changed.

One place that cannot be looked at keeps nobody from looking at the others.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from certify_core.contracts import PlannedChange
from certify_core.domain.bundle import CertificateBundle
from certify_core.domain.certificate import Deployment
from certify_core.domain.failure import Failure
from certify_core.domain.settings import DeploymentSettings
from certify_core.engine.bundles import current_bundle
from certify_core.engine.deployments import ended_itself
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, failure_of
from certify_core.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was seen at one place."""

    deployment: Deployment
    changes: tuple[PlannedChange, ...] = ()
    """What a deployment would do, if that was asked."""
    failure: Failure | None = None
    """Why it cannot be said, or what is not as it should be."""


class Inspections:
    """Looks at the places of managed certificates."""

    def __init__(self, store: Store, wanted: Wanted) -> None:
        self._store = store
        self._wanted = wanted

    def plan(self, certificate_id: str) -> list[Inspection]:
        """Return what deploying the current certificate would change at each place.

        Raises:
            NotFound: there is no such certificate, or none was issued yet.
        """
        return self._look(certificate_id, (), "plan", self.planned)

    def verify(self, certificate_id: str, deployments: Collection[str] = ()) -> list[Inspection]:
        """Return whether the current certificate is in place, at these deployments or at all.

        Raises:
            NotFound: there is no such certificate or deployment, or no certificate was issued yet.
        """
        return self._look(certificate_id, deployments, "verify", self._verified)

    def planned(self, settings: DeploymentSettings, bundle: CertificateBundle) -> tuple[PlannedChange, ...]:
        """Return what a deployment with these settings would do.

        Raises:
            CertifyError: what it would fail on, as far as that can be seen beforehand.
        """
        target, parameters = self._wanted.target(settings)
        return tuple(target.plan(bundle, parameters))

    def _verified(self, settings: DeploymentSettings, bundle: CertificateBundle) -> tuple[PlannedChange, ...]:
        target, parameters = self._wanted.target(settings)
        target.verify(bundle, parameters)
        return ()

    def _look(
        self,
        certificate_id: str,
        deployments: Collection[str],
        step: str,
        look: Callable[[DeploymentSettings, CertificateBundle], tuple[PlannedChange, ...]],
    ) -> list[Inspection]:
        certificate = self._store.certificates.get(certificate_id)
        bundle = current_bundle(self._store.assets, certificate)

        def inspect(deployment: Deployment) -> Inspection:
            try:
                return Inspection(deployment, look(deployment.settings, bundle))
            except CertifyError as error:
                return Inspection(deployment, failure=error.failure(step))
            except Exception as error:
                _log.exception("The deployment target %s failed at %s", deployment.settings.target, step)
                return Inspection(deployment, failure=failure_of(error, step))
            except BaseException as error:
                ended = ended_itself(deployment.settings.target, error)
                return Inspection(deployment, failure=failure_of(ended, step))

        return _side_by_side(inspect, certificate.chosen(deployments))


def _side_by_side(inspect: Callable[[Deployment], Inspection], deployments: Sequence[Deployment]) -> list[Inspection]:
    """Look at all places together, in threads that keep no process from ending while a server does not answer."""
    seen: dict[str, Inspection] = {}

    def look(deployment: Deployment) -> None:
        seen[deployment.id] = inspect(deployment)

    threads = [threading.Thread(target=look, args=(item,), name="inspect", daemon=True) for item in deployments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [seen[item.id] for item in deployments]
