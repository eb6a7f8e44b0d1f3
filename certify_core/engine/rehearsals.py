"""Whether a certificate could be had and deployed, tried as far as that costs nothing at its authority.

Nothing is changed: no order is placed where it counts, no counter grows, no target is touched. Each step says what was
tried; one that fails keeps none of the others from being tried.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from certify_core.acme import AccountKey, AcmeClient
from certify_core.contracts import AcmeAuthority, Authority
from certify_core.domain.caa import CaaRecord, permits
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.failure import Failure
from certify_core.domain.identifiers import Identifier, IdentifierType
from certify_core.domain.settings import CertificateSettings, DeploymentSettings
from certify_core.engine.acceptance import check_binding, check_profile
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.bundles import bundle_to_come, current_bundle
from certify_core.engine.caa import read_records, remedy_for, shown, system_resolver
from certify_core.engine.challenges import Challenges
from certify_core.engine.inspections import Inspections
from certify_core.engine.trial_orders import TrialOrders
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, InvalidInput, PolicyRefused, failure_of
from certify_core.store import Account, Store

if TYPE_CHECKING:
    from dns.resolver import Resolver


AT_ONCE = 8
"""Challenges that are tried together."""


class Outcome(StrEnum):
    """How a step went."""

    PASSED = "passed"
    WARNING = "warning"
    """It may go well, and may not."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not tried."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    name: str
    outcome: Outcome
    told: str
    """What was found, in one sentence."""
    failure: Failure | None = None


class Rehearsals:
    """Tries what a request and its deployments will need."""

    def __init__(
        self,
        store: Store,
        wanted: Wanted,
        accounts: AccountKeeper,
        inspections: Inspections,
        *,
        resolver: Callable[[], Resolver] = system_resolver,
    ) -> None:
        """`resolver` reads CAA records."""
        self._store = store
        self._wanted = wanted
        self._accounts = accounts
        self._inspections = inspections
        self._resolver = resolver
        self._challenges = Challenges(wanted)
        self._orders = TrialOrders(store, accounts, self._challenges)

    def of_certificate(self, certificate_id: str, *, order: bool = False) -> list[Step]:
        """Rehearse the next renewal of a managed certificate; with `order` at the authority for tests too.

        Raises:
            NotFound: there is no such certificate.
        """
        certificate = self._store.certificates.get(certificate_id)
        return list(self._steps(certificate.settings, certificate, order=order))

    def of_settings(self, settings: CertificateSettings, *, order: bool = False) -> list[Step]:
        """Rehearse what somebody may want, before it is kept.

        Raises:
            InvalidInput: a field is wrong.
        """
        return list(self._steps(self._wanted.checked(settings), None, order=order))

    def _steps(
        self, settings: CertificateSettings, certificate: ManagedCertificate | None, *, order: bool
    ) -> Iterator[Step]:
        found: list[Authority] = []

        def settings_fit() -> str:
            found.append(self._wanted.check_request(settings))
            return f"{', '.join(settings.identifiers)}, of {found[0].title}."

        steps = [_tried("settings", settings_fit), _tried("disk", self._disk)]
        authority = found[0] if found else None
        if isinstance(authority, AcmeAuthority):
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rehearsal") as threads:
                steps += threads.map(partial(self._challenge, settings), settings.parsed_identifiers)
            steps += self._at_authority(settings, authority)
        for item in settings.deployments:
            steps.append(_tried(f"deployment to {item.target}", partial(self._plan, item, settings, certificate)))
        yield from steps
        if order:
            yield self._order(settings, authority, ready=all(step.outcome is not Outcome.FAILED for step in steps))

    def _disk(self) -> str:
        self._store.assets.probe()
        return "A certificate can be saved."

    def _challenge(self, settings: CertificateSettings, identifier: Identifier) -> Step:
        name = f"challenge for {identifier}"
        try:
            tried = self._challenges.probe(settings.challenge, identifier, uuid.uuid4().hex)
        except (Exception, SystemExit) as error:  # a plugin's exit is its failure and not ours
            return _failed(name, error)
        if not tried:
            return Step(name, Outcome.SKIPPED, "It would be shown outside: an order alone tries it.")
        return Step(name, Outcome.PASSED, "An answer can be shown, as seen from this machine.")

    def _at_authority(self, settings: CertificateSettings, authority: AcmeAuthority) -> Iterator[Step]:
        account = self._store.accounts.find(authority.directory)
        try:
            client = self._client(authority, account)
        except CertifyError as error:
            yield _failed("authority", error)
            return
        identities: list[str] = []
        with closing(client):
            step = _tried("authority", partial(_takes, settings, authority, client, account, identities))
        yield step
        if identities:
            yield from self._caa(settings, identities, account.url if account else None)
        elif step.outcome is Outcome.FAILED:
            yield Step("CAA", Outcome.SKIPPED, "It cannot be judged: the authority has not said what it looks for.")

    def _client(self, authority: AcmeAuthority, account: Account | None) -> AcmeClient:
        """Return a client that is asked for nothing but what is open to everybody."""
        nobody = Account("", authority.directory, "" if account else AccountKey.generate().to_pem(), 0.0)
        return self._accounts.new_client(authority, account or nobody)

    def _caa(self, settings: CertificateSettings, identities: Sequence[str], account: str | None) -> Iterator[Step]:
        names = [identifier for identifier in settings.parsed_identifiers if identifier.type is IdentifierType.DNS]
        try:
            resolver = self._resolver()
        except Exception as error:  # of many kinds: this machine has no name server
            yield Step("CAA", Outcome.WARNING, f"No records can be read from here: {error}")
            return
        found = read_records({name.base for name in names}, resolver)
        yield from (_permitted(name, found[name.base], identities, account) for name in names)

    def _plan(
        self, deployment: DeploymentSettings, settings: CertificateSettings, certificate: ManagedCertificate | None
    ) -> str:
        if certificate is not None and certificate.issued is not None:
            bundle = current_bundle(self._store.assets, certificate)
        else:
            bundle = bundle_to_come(settings)
        changes = self._inspections.planned(deployment, bundle)
        return "; ".join(f"{change.action} {change.subject}" for change in changes) or "Nothing would be changed."

    def _order(self, settings: CertificateSettings, authority: Authority | None, *, ready: bool) -> Step:
        if not isinstance(authority, AcmeAuthority):
            return Step("order", Outcome.SKIPPED, "No ACME authority is asked.")
        if not ready:
            return Step("order", Outcome.SKIPPED, "What failed before would fail there too.")

        def run() -> str:
            tests = self._for_tests(settings, authority)
            self._orders.run(tests, settings)
            return f"{tests.title} has validated all names and issued a certificate, which is forgotten."

        return _tried("order", run)

    def _for_tests(self, settings: CertificateSettings, authority: AcmeAuthority) -> AcmeAuthority:
        name = authority.id if authority.staging else self._wanted.rehearsal(settings)
        found = self._wanted.authority(name, settings.ca_bundle) if name is not None else None
        if not isinstance(found, AcmeAuthority):
            raise InvalidInput(
                "on_failure.rehearse_at",
                f"No authority for tests is known that validates as {authority.title} does.",
                "Name one: certify edit NAME --rehearse-at ID|URL",
            )
        return found


def _takes(
    settings: CertificateSettings,
    authority: AcmeAuthority,
    client: AcmeClient,
    account: Account | None,
    identities: list[str],
) -> str:
    """Say that the authority answers, and would take such an order as far as its directory tells.

    `identities` is filled with the names by which it recognises itself in CAA records.

    Raises:
        AuthorityUnavailable: it does not answer.
        PolicyRefused: it would not take the order.
    """
    identities += client.caa_identities  # whatever else is asked of it: this shows that it answers
    check_profile(settings.order.profile, authority, client)
    if account is None or account.url is None:
        check_binding(authority, client)
    return f"{authority.title} answers."


def _permitted(
    name: Identifier, records: list[CaaRecord] | str, identities: Sequence[str], account: str | None
) -> Step:
    """Return whether the CAA records of a name allow the authority that has these identities."""
    title = f"CAA of {name}"
    if isinstance(records, str):
        told = f"The records cannot be read from here ({records}); the authority refuses names if it cannot either."
        return Step(title, Outcome.WARNING, told)
    if permits(records, identities, wildcard=name.is_wildcard, account=account):
        return Step(title, Outcome.PASSED, "The authority may issue." if records else "There is no record.")
    cause = f"The CAA records of {name} do not allow {identities[0]}: {shown(records)}."
    return _failed(title, PolicyRefused(cause, remedy_for(name.base, identities[0])))


def _tried(name: str, what: Callable[[], str]) -> Step:
    try:
        return Step(name, Outcome.PASSED, what())
    except (Exception, SystemExit) as error:  # a plugin's exit is its failure and not ours
        return _failed(name, error)


def _failed(name: str, error: BaseException) -> Step:
    failure = failure_of(error, name)
    return Step(name, Outcome.FAILED, failure.cause, failure)
