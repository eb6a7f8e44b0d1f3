"""The target `iis`: import, check the key, bind, see it served; then clean up. What fails is put back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from certify_core.api import CertificateBundle, DeploymentFailed, PlannedChange, Undo
from certify_iis import placing
from certify_iis.administration import IisAdmin, carry_out
from certify_iis.bindings import NO_CERTIFICATE, Binding, BindingChange, Certificate, Change, Site, turned_back
from certify_iis.description import described
from certify_iis.environment import require_windows
from certify_iis.handshake import wait_until_shown
from certify_iis.ledger import Ledger
from certify_iis.options import Wanted
from certify_iis.parameters import IisParameters
from certify_iis.pfx import require_key
from certify_iis.planner import Plan, plan_bindings
from certify_iis.store import MachineStore, Stored, removable

_NOTHING = Plan((), (), (), (), ())
_log = logging.getLogger(__name__)


class IisTarget:
    """Imports certificates into the machine's store and binds them to sites of IIS."""

    name = "iis"
    title = "Sites of IIS (bindings, machine certificate store, central certificate store)"
    parameters = IisParameters

    def __init__(
        self,
        ledger: Ledger,
        admin: IisAdmin,
        store: MachineStore,
        *,
        require: Callable[[], None] = require_windows,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`require` raises where IIS cannot be changed; `pause` waits between attempts."""
        self._ledger = ledger
        self._admin = admin
        self._store = store
        self._require = require
        self._clock = clock
        self._pause = pause
        self._one_at_a_time = threading.Lock()

    def plan(self, bundle: CertificateBundle, parameters: IisParameters) -> Sequence[PlannedChange]:
        """Say what would be imported, bound and removed, and what is left alone and why.

        Raises:
            DeploymentFailed: what `apply` would fail on, as far as it can be seen beforehand.
            InvalidInput: the user keeps the private key.
        """
        self._check(bundle, parameters)
        plan = self._planned(bundle, parameters, self._admin.sites())
        changes = [*placing.planned(bundle, parameters, self._store), *described(plan), *placing.left_out(bundle)]
        going = self._removable(bundle, parameters, plan.changes)
        return [
            *changes,
            *(PlannedChange("remove", f"{parameters.store}\\{one.thumbprint}", one.friendly_name) for one in going),
        ]

    def apply(self, bundle: CertificateBundle, parameters: IisParameters) -> Undo:
        """Import, check the key, bind, see it served by each binding; only then clean up.

        Raises:
            DeploymentFailed: says what was refused or not served; certificates and bindings are as they were.
            InvalidInput: the user keeps the private key.
        """
        self._check(bundle, parameters)
        with self._one_at_a_time:
            return self._deploy(bundle, parameters)

    def verify(self, bundle: CertificateBundle, parameters: IisParameters) -> None:
        """Check that the certificate is in its place, that each binding has it, and that it is served.

        Raises:
            DeploymentFailed: it is not.
        """
        self._check(bundle, parameters)
        placing.check(bundle, parameters, self._store)
        plan = self._planned(bundle, parameters, self._admin.sites())
        if plan.changes:
            raise DeploymentFailed(
                f"{_place(plan.changes[0])} does not have the certificate {bundle.thumbprint}.",
                "Deploy again; see what else changes bindings.",
            )
        self._see_served(bundle, parameters, plan)

    def _deploy(self, bundle: CertificateBundle, parameters: IisParameters) -> Undo:
        self._planned(bundle, parameters, self._admin.sites())  # refuse before anything is touched
        entry = self._ledger.entry(bundle.name)
        take_away = placing.place(bundle, parameters, self._store)
        made: list[Change] = []

        def put_back() -> None:
            carry_out(self._admin, lambda sites: turned_back(sites, made, only_ours=True), self._pause)
            if parameters.ccs_path or bundle.thumbprint not in _shown(self._admin.sites()):
                take_away()

        def undo() -> None:
            with self._one_at_a_time:
                put_back()
                if self._ledger.entry(bundle.name) != entry:
                    self._ledger.restore(bundle.name, entry)

        try:
            made += carry_out(self._admin, lambda sites: self._planned(bundle, parameters, sites).changes, self._pause)
            self._see_served(bundle, parameters, self._planned(bundle, parameters, self._admin.sites()))
            self._ledger.record(bundle)
        except BaseException as failed:
            outcome = _outcome(put_back)
            if isinstance(failed, DeploymentFailed):
                raise DeploymentFailed(f"{failed.cause} {outcome}", failed.remedy) from failed
            raise
        self._clean_up(bundle, parameters, made)
        return undo

    def _clean_up(self, bundle: CertificateBundle, parameters: IisParameters, made: Sequence[Change]) -> None:
        """Remove what may go; the certificate is in use by now, so a refusal is not a failure."""
        try:
            for old in self._removable(bundle, parameters, made):
                self._store.remove(old.thumbprint, parameters.store)
                _log.info("Removed %s (%s) from the store %s", old.friendly_name, old.thumbprint, parameters.store)
        except DeploymentFailed as refused:
            _log.warning("Earlier certificates of %s were not removed: %s", bundle.name, refused)

    def _check(self, bundle: CertificateBundle, parameters: IisParameters) -> None:
        self._require()
        require_key(bundle, "ccs_path" if parameters.ccs_path else "store")

    def _planned(self, bundle: CertificateBundle, parameters: IisParameters, sites: Sequence[Site]) -> Plan:
        if parameters.mode == "store-only":
            return _NOTHING
        plan = plan_bindings(sites, self._wanted(bundle, parameters), parameters.options)
        if plan.unknown_sites:
            known = ", ".join(sorted(site.name for site in sites)) or "none"
            raise DeploymentFailed(
                f"IIS has no site {plan.unknown_sites[0]!r}.", f"Correct the parameter sites. There are: {known}."
            )
        if plan.is_empty:
            raise _no_place(bundle, plan)
        return plan

    def _wanted(self, bundle: CertificateBundle, parameters: IisParameters) -> Wanted:
        central = bool(parameters.ccs_path)
        certificate = NO_CERTIFICATE if central else Certificate(bundle.thumbprint, parameters.store)
        previous, held = self._ledger.previous(bundle), self._ledger.held(bundle, self._clock())
        return Wanted(certificate, bundle.identifiers, frozenset(previous), held)

    def _see_served(self, bundle: CertificateBundle, parameters: IisParameters, plan: Plan) -> None:
        of_ftp = [(site, each) for site in plan.right_ftp for each in site.bindings if each.protocol.lower() == "ftp"]
        for site, binding in [*plan.right, *of_ftp] if parameters.verify else ():
            if site.started:
                wait_until_shown(site, binding, bundle.thumbprint, bundle.identifiers, parameters.verify_timeout)

    def _removable(
        self, bundle: CertificateBundle, parameters: IisParameters, changes: Sequence[Change]
    ) -> list[Stored]:
        """Return which certificates of the store may go; not those that the changes replace: they may come back."""
        if parameters.cleanup == "none" or parameters.ccs_path:
            return []
        previous = self._ledger.previous(bundle)
        now = self._clock()
        in_use = {bundle.thumbprint, *previous[:1], *self._ledger.others(bundle), *_shown(self._admin.sites())}
        in_use |= {certificate.thumbprint for change in changes if (certificate := _before(change))}
        found = self._store.certificates(parameters.store)
        return removable(found, parameters.cleanup, now=now, earlier=previous, in_use=in_use)


def _outcome(put_back: Undo) -> str:
    """Put everything back and say how that went."""
    try:
        put_back()
    except DeploymentFailed as failed:
        return f"What was there before could not be put back: {failed.cause}"
    return "What was there before is back."


def _shown(sites: Sequence[Site]) -> set[str]:
    bound = {binding.certificate.thumbprint for site in sites for binding in site.bindings}
    return bound | {site.ftp_certificate.thumbprint for site in sites}


def _before(change: Change) -> Certificate:
    if isinstance(change, BindingChange):
        return change.before.certificate if change.before else NO_CERTIFICATE
    return change.before


def _place(change: Change) -> str:
    binding: Binding | None = (change.after or change.before) if isinstance(change, BindingChange) else None
    return f"{binding} of {change.site_name}" if binding else f"The FTP server of {change.site_name}"


def _no_place(bundle: CertificateBundle, plan: Plan) -> DeploymentFailed:
    if plan.left:
        first = plan.left[0]
        return DeploymentFailed(
            f"No binding can get the certificate of {bundle.name}: {first.binding} of {first.site_name} fits, but "
            f"{first.reason}.",
            "Change that, or the parameters of the deployment; its plan shows all bindings.",
        )
    return DeploymentFailed(
        f"No binding of IIS matches {', '.join(bundle.identifiers)}.",
        "Give a site a binding with that host name, name a site in the parameter sites, or set blank_host=true.",
    )
