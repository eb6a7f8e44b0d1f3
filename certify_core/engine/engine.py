"""The engine as a whole: what the service's faces call, and the threads behind it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from certify_core.correlation import Correlations
from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.revocation import Revocation, RevocationReason, RevocationState
from certify_core.domain.settings import CertificateSettings
from certify_core.engine.account_admin import AccountAdmin
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.authorities import NamedAuthorities
from certify_core.engine.budgets import Budget, budgets
from certify_core.engine.certificate_log import CertificateLogs
from certify_core.engine.clock import Clock
from certify_core.engine.credentials import StoredCredentials
from certify_core.engine.deployments import Deployments
from certify_core.engine.events import Event, EventKind, Events
from certify_core.engine.inspections import Inspections
from certify_core.engine.jobs import JobRunner
from certify_core.engine.orders import OrderMachine
from certify_core.engine.pruning import Pruning
from certify_core.engine.redeployments import Redeployments
from certify_core.engine.rehearsals import Rehearsals
from certify_core.engine.renewal_windows import RenewalWindows
from certify_core.engine.renewals import Renewals
from certify_core.engine.revocations import Revocations
from certify_core.engine.scheduler import Scheduler
from certify_core.engine.wanted import Wanted
from certify_core.engine.witnesses import ask_the_time, left_in_the_future
from certify_core.errors import NotFound, PolicyRefused
from certify_core.plugins import Plugins
from certify_core.store import Store
from certify_core.store.database import Also, nothing_more

ORDERS_AT_ONCE = 200
"""Orders that are under way at the same time; a waiting order holds no thread."""
ORDER_THREADS = 24
DEPLOYMENTS_AT_ONCE = 100
DEPLOYMENT_THREADS = 8
WINDOWS_AT_ONCE = 50
WINDOW_THREADS = 2
"""So many read renewal windows."""

_log = logging.getLogger(__name__)


class Engine:
    """Looks after every managed certificate in a store."""

    def __init__(
        self, store: Store, plugins: Plugins, log_dir: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = Clock(clock)
        self._rest = threading.Lock()
        """Held while it is decided and told that a certificate has come to rest, and while something new is wanted."""
        self.store = store
        self.plugins = plugins
        self.events = Events(self._clock)
        self._log_dir = log_dir
        self.logs = CertificateLogs(log_dir / "certificates")
        self.wanted = Wanted(plugins, store.vault, store.credentials)
        self.credentials = StoredCredentials(store, plugins, self._clock)
        self.authorities = NamedAuthorities(store, plugins, self._clock, self.wanted.forget_authorities)
        self._machine = OrderMachine(store, self.wanted, self.events, self._clock)
        self._renewals = Renewals(store, self._machine, self.events, self._clock, self._settled, self._resume)
        self.correlations = Correlations()
        self._deployments = Deployments(
            store, self.wanted, self.events, self._clock, self._settled, self.correlations.work_on
        )
        self.inspections = Inspections(store, self.wanted)
        self.rehearsals = Rehearsals(store, self.wanted, self.accounts, self.inspections)
        self._renewal_jobs = JobRunner(
            self._renew, workers=ORDER_THREADS, name="order", capacity=ORDERS_AT_ONCE, on_room=self._wake
        )
        self._deployment_jobs = JobRunner(
            self._deployments.run,
            workers=DEPLOYMENT_THREADS,
            name="deploy",
            capacity=DEPLOYMENTS_AT_ONCE,
            on_room=self._wake,
        )
        self.redeployments = Redeployments(store, self._clock, self._rest, self._deployment_jobs.submit)
        windows = RenewalWindows(store, self.wanted, self.accounts, self.events, self._clock, self._expect)
        self._window_jobs = JobRunner(
            windows.run, workers=WINDOW_THREADS, name="ari", capacity=WINDOWS_AT_ONCE, on_room=self._wake
        )
        self._revocations = Revocations(
            store, self.wanted, self.accounts, self.events, self._clock, self._rest, self._wake
        )
        self._revocation_jobs = JobRunner(self._revocations.run, workers=1, name="revoke")
        self.account_admin = AccountAdmin(plugins, store, self.accounts, self._clock)
        self.pruning = Pruning(store, self._clock)
        self._scheduler = Scheduler(
            store,
            self._clock,
            renewals=self._renewal_jobs,
            deployments=self._deployment_jobs,
            windows=self._window_jobs,
        )
        self.events.subscribe(self.logs.write)
        self.events.subscribe(self._rested)

    @property
    def accounts(self) -> AccountKeeper:
        """The accounts at ACME authorities."""
        return self._machine.accounts

    def start(self) -> None:
        """Continue what an earlier process left, and look after everything from now on."""
        self.store.schedule.recover(self._clock())
        self._renewal_jobs.start()
        self._deployment_jobs.start()
        self._window_jobs.start()
        self._revocation_jobs.start()
        self._scheduler.start()
        for name in self.store.revocations.unfinished():
            self._revocation_jobs.submit(name)
        if self.store.accounts.unfinished():
            threading.Thread(target=self.account_admin.finish, name="accounts", daemon=True).start()
        if left_in_the_future(self._log_dir, self._clock()):
            threading.Thread(target=self._ask_the_time, name="clock", daemon=True).start()

    def stop(self, timeout: float = 15.0) -> bool:
        """Stop; running steps end or are left as they are committed. Return whether all ended in `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self._scheduler.stop(timeout)
        at_work = (self._renewal_jobs, self._deployment_jobs, self._revocation_jobs)
        ended = [jobs.stop(deadline - time.monotonic()) for jobs in at_work]
        self._window_jobs.stop(0.0)  # it only reads, and nothing is lost with it
        self._machine.close()
        return all(ended)

    # -- what the faces ask for ----------------------------------------------------------------------------------

    def create(
        self,
        settings: CertificateSettings,
        certificate_id: str | None = None,
        accepted: Callable[[], None] = lambda: None,
        also: Also = nothing_more,
    ) -> ManagedCertificate:
        """Look after one more certificate; `accepted` is called when that is durable and before anything follows.

        `also` writes something more in the same transaction, here and below.

        Raises:
            InvalidInput: the settings name something that does not exist.
            Conflict: the id is taken.
        """
        checked = self.wanted.checked(settings)
        with self._rest:
            certificate = self.store.certificates.create(checked, self._clock(), certificate_id, also)
            accepted()
        self._wake()
        return certificate

    def change(
        self, certificate_id: str, version: int, settings: CertificateSettings, also: Also = nothing_more
    ) -> ManagedCertificate:
        """Replace the settings of a certificate that still has `version`.

        Raises:
            InvalidInput: the settings name something that does not exist.
            Conflict: somebody else changed it first.
        """
        current = self.store.certificates.get(certificate_id)
        checked = self.wanted.checked(settings, current.settings)
        self.wanted.keep_trusted(checked.authority, checked, current.issued)
        certificate = self.store.certificates.update_settings(certificate_id, version, checked, self._clock(), also)
        self._wake()
        return certificate

    def delete(self, certificate_id: str, version: int | None = None, also: Also = nothing_more) -> None:
        """Stop looking after a certificate: its settings, keys and logs go, what was deployed stays in place."""
        order = self._renewals.order_under_way(certificate_id)
        self.store.certificates.delete(certificate_id, version, also)
        if order is not None:
            self._machine.abandon(order)
        self.store.assets.delete(certificate_id)
        self.store.revocations.forget(certificate_id)
        self.events.publish(certificate_id, EventKind.SETTLED, "deleted")
        self.logs.delete(certificate_id)

    def request(
        self,
        certificate_id: str,
        accepted: Callable[[], None] = lambda: None,
        *,
        use_last_duplicate: bool = False,
    ) -> None:
        """Request a certificate now, whatever the schedule says; `accepted` is called when that is durable.

        With `use_last_duplicate` it may be the last one that the authority gives for these names.
        What is told of the certificate as settled after `accepted` includes this request.
        """
        with self._rest:
            self.store.schedule.request(certificate_id, self._clock(), use_last_duplicate=use_last_duplicate)
            accepted()
        self._wake()

    def revoke(
        self,
        certificate_id: str,
        reason: RevocationReason,
        serial: str | None = None,
        *,
        renew: bool = True,
        accepted: Callable[[], None] = lambda: None,
    ) -> Revocation:
        """Revoke the current certificate, or an earlier one by its serial number; return how far that has come.

        If the authority does not answer, it is asked again by itself until it does. With `renew` the certificate is
        then requested anew; `accepted` is called when that is durable and before anything follows.

        Raises:
            NotFound: there is no such certificate.
            InvalidInput: a field is wrong.
            PolicyRefused: the authority does not revoke it.
        """
        revocation = self._revocations.want(certificate_id, reason, serial, renew=renew)
        revocation = self._revocations.attempt(revocation, accepted)
        if revocation.state is RevocationState.REFUSED and revocation.failure is not None:
            raise PolicyRefused(revocation.failure.cause, revocation.failure.remedy)
        if revocation.state is RevocationState.WANTED:
            self._revocation_jobs.submit(revocation.name)
        return revocation

    def take_up(self, revocations: Iterable[str] = ()) -> None:
        """Look after what was put into the store otherwise, and have the revocations of these names made."""
        for name in revocations:
            self._revocation_jobs.submit(name)
        self._wake()

    def budgets(self, authority: str | None = None) -> list[Budget]:
        """Return what is left of the rate limits of every authority, or of the one with this id."""
        return budgets(self.plugins, self.store, self._machine.ledger, self._clock(), authority)

    def due_now(self) -> list[str]:
        """Return the ids of all certificates that are due, those that wait after a failure among them."""
        return self.store.schedule.due_but_waiting(self._clock())

    # -- behind the scenes ---------------------------------------------------------------------------------------

    def _ask_the_time(self) -> None:
        ask_the_time(self.store, self._machine, self._clock)
        self._wake()

    def _renew(self, certificate_id: str) -> float | None:
        with self.correlations.work_on(certificate_id):
            return self._renewals.run(certificate_id)

    def _rested(self, event: Event) -> None:
        if event.kind is EventKind.SETTLED:
            self.correlations.end(event.certificate_id)

    def _resume(self, certificate_id: str) -> None:
        self._renewal_jobs.submit(certificate_id)

    def _expect(self, moment: float | None) -> None:
        self._scheduler.expect(moment)

    def _wake(self) -> None:
        self._scheduler.wake()

    def _settled(self, certificate_id: str) -> None:
        """Tell that a certificate has come to rest, or have its deployments taken up."""
        with self._rest:
            self._tell_if_settled(certificate_id)

    def _tell_if_settled(self, certificate_id: str) -> None:
        try:
            certificate = self.store.certificates.get(certificate_id)
        except NotFound:
            return
        moments = [certificate.next_due_at, *(item.next_attempt_at for item in certificate.deployments)]
        moments += [certificate.ari.reading_at] if certificate.ari else []
        self._scheduler.expect(min((moment for moment in moments if moment is not None), default=None))
        deploying = any(item.status is DeploymentStatus.PENDING for item in certificate.deployments)
        waiting = certificate.status is Status.RUNNING or certificate.requested_at is not None
        due_now = certificate.next_due_at is not None and certificate.next_due_at <= self._clock()
        if not deploying and not waiting and not due_now:
            self.events.publish(certificate_id, EventKind.SETTLED, certificate.status.value)
