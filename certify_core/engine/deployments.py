"""The job that puts the current certificate in one place: apply, verify, or roll back and try again alone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from certify_core.contracts import DeploymentTarget
from certify_core.domain.certificate import Deployment, DeploymentStatus, ManagedCertificate
from certify_core.domain.schedule import backoff
from certify_core.engine.bundles import current_bundle
from certify_core.engine.events import EventKind, Events
from certify_core.engine.wanted import Wanted
from certify_core.errors import NotFound, PluginFailed, failure_of
from certify_core.store import Store

_log = logging.getLogger(__name__)


class Deployments:
    """Handler of the jobs that deploy: a job's name is the deployment's id."""

    def __init__(
        self,
        store: Store,
        wanted: Wanted,
        events: Events,
        clock: Callable[[], float],
        settled: Callable[[str], None],
        work_on: Callable[[str], AbstractContextManager[None]] = lambda certificate_id: nullcontext(),
    ) -> None:
        """`settled` is called with the certificate's id when a deployment has ended; `work_on` it is done within."""
        self._store = store
        self._wanted = wanted
        self._events = events
        self._clock = clock
        self._settled = settled
        self._work_on = work_on

    def run(self, deployment_id: str) -> None:
        """Deploy the current certificate; a failure concerns this deployment alone."""
        try:
            deployment = self._store.deployments.get(deployment_id)
            certificate = self._store.certificates.get(deployment.certificate_id)
        except NotFound:
            return
        if certificate.issued is None:
            return
        with self._work_on(certificate.id):
            self._try(deployment, certificate, certificate.issued.id)
            self._settled(certificate.id)

    def _try(self, deployment: Deployment, certificate: ManagedCertificate, issued_id: str) -> None:
        try:
            self._deploy(deployment, certificate)
        except Exception as error:
            self._failed(deployment, issued_id, error)
        except BaseException as error:
            self._failed(deployment, issued_id, ended_itself(deployment.settings.target, error))
        else:
            self._deployed(deployment, issued_id)

    def _deploy(self, deployment: Deployment, certificate: ManagedCertificate) -> None:
        target, parameters = self._wanted.target(deployment.settings)
        bundle = current_bundle(self._store.assets, certificate)
        undo = target.apply(bundle, parameters)
        self._tell(deployment, EventKind.DEPLOYED, f"deployed to {target.name}")
        try:
            target.verify(bundle, parameters)
        except BaseException:
            if undo is not None:
                self._roll_back(deployment, target, undo)
            raise
        self._tell(deployment, EventKind.VERIFIED, f"verified at {target.name}")

    def _roll_back(self, deployment: Deployment, target: DeploymentTarget, undo: Callable[[], None]) -> None:
        try:
            undo()
        except BaseException:
            _log.exception("Deployment %s to %s could not be rolled back", deployment.id, target.name)
            self._tell(
                deployment, EventKind.WARNING, f"the previous certificate could not be put back at {target.name}"
            )
        else:
            self._tell(deployment, EventKind.WARNING, f"the previous certificate was put back at {target.name}")

    def _deployed(self, deployment: Deployment, issued_id: str) -> None:
        deployed = replace(
            deployment,
            status=DeploymentStatus.DEPLOYED,
            deployed_id=issued_id,
            failure=None,
            failure_count=0,
            next_attempt_at=None,
        )
        self._save(deployed, issued_id)

    def _failed(self, deployment: Deployment, issued_id: str, error: Exception) -> None:
        failure = failure_of(error, "deploy")
        _log.error("Deployment %s to %s: %s", deployment.id, deployment.settings.target, failure, exc_info=error)
        count = deployment.failure_count + 1
        failed = replace(
            deployment,
            status=DeploymentStatus.FAILED,
            failure=failure,
            failure_count=count,
            next_attempt_at=self._clock() + backoff(count, failure, deployment.id),
        )
        self._save(failed, issued_id)
        self._events.publish(
            deployment.certificate_id,
            EventKind.DEPLOYMENT_FAILED,
            f"{deployment.settings.target}: {failure}",
            failure,
        )

    def _save(self, deployment: Deployment, issued_id: str) -> None:
        with contextlib.suppress(NotFound):  # the certificate was deleted meanwhile
            self._store.deployments.save(deployment, issued_id, self._clock())

    def _tell(self, deployment: Deployment, kind: EventKind, message: str) -> None:
        self._events.publish(deployment.certificate_id, kind, message)


def ended_itself(target: str, error: BaseException) -> PluginFailed:
    """Return what a plugin raised to end the program, such as SystemExit, as an ordinary failure of the plugin."""
    return PluginFailed(
        f"The target {target} raised {type(error).__name__}: {error}.".replace(": .", "."),
        "See logs/service.exceptions.log in the data folder, and tell the plugin's author.",
    )
