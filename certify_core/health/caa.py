"""CAA records (RFC 8659): whether the names that are renewed next may have certificates of their authorities.

An authority refuses a name whose records leave it out, and so does it when the records cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from certify_core.contracts import AcmeAuthority
from certify_core.domain.caa import CaaRecord, permits
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.identifiers import Identifier, IdentifierType
from certify_core.engine.caa import read_records, remedy_for, shown, system_resolver
from certify_core.errors import CertifyError
from certify_core.health.asking import PATIENCE, client_of
from certify_core.health.check import NothingToFix
from certify_core.plugins import Plugins
from certify_core.store import Account, Store

if TYPE_CHECKING:
    from dns.resolver import Resolver

LOOKED_AT = 200
"""So many names are looked at, those first that are renewed first."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Question:
    """One name that is to be in a certificate of one account's authority."""

    certificate_id: str
    name: Identifier
    account: Account


class CaaCheck(NothingToFix):
    """Reads the CAA records of names that will be renewed."""

    name = "caa"
    title = "CAA records"

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        *,
        resolver: Callable[[], Resolver] = system_resolver,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._resolver = resolver
        self._patience = patience

    def run(self) -> list[Finding]:
        """Ask each authority for its names, then DNS for the records of ours."""
        questions = list(islice(self._questions(), LOOKED_AT))
        accounts = {question.account.directory: question.account for question in questions}
        identities = {directory: self._identities(account) for directory, account in accounts.items()}
        questions = [question for question in questions if identities[question.account.directory]]
        if not questions:
            return [Finding("caa", Severity.OK, "There is no name whose CAA records would matter.")]
        records = read_records({question.name.base for question in questions}, self._resolver())
        findings = [
            _forbidden(question, found, identities[question.account.directory])
            for question in questions
            if isinstance(found := records[question.name.base], list)
            and not permits(
                found,
                identities[question.account.directory],
                wildcard=question.name.is_wildcard,
                account=question.account.url,
            )
        ]
        unknown = {name: found for name, found in records.items() if isinstance(found, str)}
        if unknown:
            findings = [_unknown(unknown), *findings[:SHOWN]]
        counted = f"{len(records)} names were looked up."
        return findings[:SHOWN] or [Finding("caa", Severity.OK, "No CAA record forbids a renewal.", counted)]

    def _questions(self) -> Iterator[_Question]:
        accounts = {account.directory: account for account in self._store.accounts.all()}
        if not accounts:
            return
        for certificate_id, identifiers, authority in self._store.inspection.due_next(LOOKED_AT):
            account = accounts.get(self._directory(authority))
            if account is not None:
                for name in identifiers:
                    if name.type is IdentifierType.DNS:
                        yield _Question(certificate_id, name, account)

    def _directory(self, authority: str) -> str:
        known = self._plugins.authorities.find(authority)
        return known.directory if isinstance(known, AcmeAuthority) else authority

    def _identities(self, account: Account) -> Sequence[str]:
        """Return what the authority calls itself in such records; nothing if it does not say or answer."""
        try:
            with closing(client_of(account, self._plugins, self._patience)) as client:
                return client.caa_identities
        except CertifyError:
            return ()  # whether it answers is another check's question


def _forbidden(question: _Question, records: Sequence[CaaRecord], identities: Sequence[str]) -> Finding:
    return Finding(
        code="caa-forbids",
        severity=Severity.ERROR,
        what=f"The CAA records of {question.name} do not allow {question.account.directory}.",
        evidence=f"CAA {shown(records)}.",
        remedy=remedy_for(question.name.base, identities[0]),
        subject=f"{question.certificate_id} {question.name}",
    )


def _unknown(unknown: dict[str, str]) -> Finding:
    name, why = next(iter(unknown.items()))
    return Finding(
        code="caa-unknown",
        severity=Severity.NOTE,
        what=f"The CAA records of {len(unknown)} names cannot be read from here.",
        evidence=f"{name}: {why}.",
        remedy="Authorities refuse names whose records they cannot read: look whether the zone's name servers answer.",
    )
