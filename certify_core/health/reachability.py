"""Whether http-01 challenges reach this machine by the public addresses that DNS gives for its names.

An answer of our own making is presented as an order would, and fetched from each address of the name on port 80 (RFC
8555 section 8.3 allows no other). It is fetched by this machine, as nobody outside is asked: a router that does not
lead a machine back to its own public address looks from here like one that lets nobody in, and is told as a note. What
is sure from here is worse: another server that answers, and one of several addresses that is dead while others answer.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from certify_core.contracts import Challenge, ChallengeProvider
from certify_core.domain.finding import Finding, Severity
from certify_core.domain.identifiers import Identifier, IdentifierType
from certify_core.domain.settings import ChallengeSettings
from certify_core.engine.caa import system_resolver
from certify_core.errors import CertifyError, NotFound
from certify_core.health.check import NothingToFix
from certify_core.store import Store

if TYPE_CHECKING:
    from dns.resolver import Resolver

LOOKED_AT = 20
"""So many names are looked at, all at once, those first that are renewed first; and so many addresses of each."""
ADDRESSES = 4
HTTP_PORT = 80
LOOK_UP, PATIENCE = 2.0, 2.0
"""Seconds for the addresses of a name, and for each step of a fetch."""
_NO_WAY = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""What a machine says that has no IPv6, of an address that others may well reach."""
_ELSEWHERE = {301, 302, 303, 307, 308}
_PATH = "/.well-known/acme-challenge/"

ProviderOf = Callable[[ChallengeSettings], tuple[ChallengeProvider, object]]


class _Seen(Enum):
    OURS = "our answer"
    OTHER = "another server"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class _Look:
    address: str
    seen: _Seen
    told: str


def is_public(address: str) -> bool:
    """Whether others on the Internet reach an address, or somebody at it."""
    return ipaddress.ip_address(address).is_global


class ReachabilityCheck(NothingToFix):
    """Fetches an answer of its own making by each public address of names that are renewed next."""

    name = "challenge-path"
    title = "The way of challenges from outside"

    def __init__(
        self,
        store: Store,
        provider_of: ProviderOf,
        *,
        resolver: Callable[[], Resolver] = system_resolver,
        public: Callable[[str], bool] = is_public,
        port: int = HTTP_PORT,
    ) -> None:
        """`provider_of` returns the challenge provider of settings with its parameters."""
        self._store = store
        self._provider_of = provider_of
        self._resolver = resolver
        self._public = public
        self._port = port

    def run(self) -> list[Finding]:
        """Look at each name; those that lead to no public address are nobody's business outside."""
        names = dict(islice(self._names(), LOOKED_AT))
        with ThreadPoolExecutor(LOOKED_AT, thread_name_prefix="health-path") as threads:
            found = [item for item in threads.map(self._looked_at, names, names.values()) if item is not None]
        bad = [finding for finding in found if finding.severity is not Severity.OK]
        if bad:
            return bad
        counted = f"{len(found)} names with public addresses were looked at."
        return [Finding("challenge-path", Severity.OK, "Nothing stands in the way of challenges.", counted)]

    def _names(self) -> Iterator[tuple[Identifier, ChallengeSettings]]:
        for certificate_id, identifiers, _ in self._store.inspection.due_next(LOOKED_AT):
            try:
                challenge = self._store.certificates.get(certificate_id).settings.challenge
            except NotFound:
                continue  # it was deleted meanwhile
            for name in identifiers:
                if name.type is IdentifierType.DNS and not name.is_wildcard:
                    yield name, challenge

    def _looked_at(self, name: Identifier, settings: ChallengeSettings) -> Finding | None:
        addresses = [address for address in self._addresses(name.value) if self._public(address)][:ADDRESSES]
        if not addresses:
            return None
        token = f"certify-look-{uuid.uuid4().hex}"
        challenge = Challenge(name, "http-01", token, f"{token}.look")
        try:
            provider, parameters = self._provider_of(settings)
            if provider.challenge_type != challenge.type:
                return None
            provider.present(challenge, parameters)
            try:
                looks = [self._look(address, challenge) for address in addresses]
            finally:
                provider.clean_up(challenge, parameters)
        except CertifyError:
            return None  # why nothing can be presented is the question of the port's own check
        return _judged(name, [look for look in looks if look is not None])

    def _addresses(self, name: str) -> list[str]:
        import dns.exception

        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                answer = self._resolver().resolve(name, kind, search=False, lifetime=LOOK_UP)
            except (dns.exception.DNSException, OSError):
                continue
            found += [item.to_text() for item in answer]
        return found

    def _look(self, address: str, challenge: Challenge) -> _Look | None:
        """Return what is seen at an address; None if this machine has no way to it at all."""
        connection = http.client.HTTPConnection(address, self._port, timeout=PATIENCE)
        try:
            connection.request("GET", _PATH + challenge.token, headers={"Host": challenge.identifier.value})
            answer = connection.getresponse()
            body = answer.read(4096).strip()
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, "errno", None) in _NO_WAY:
                return None
            return _Look(address, _Seen.NOBODY, getattr(error, "strerror", None) or str(error) or type(error).__name__)
        finally:
            connection.close()
        if body == challenge.key_authorization.encode():
            return _Look(address, _Seen.OURS, "answered")
        if answer.status in _ELSEWHERE:
            return _Look(address, _Seen.OURS, "redirects, which authorities follow")
        return _Look(address, _Seen.OTHER, f"answered with status {answer.status}, and not what was presented")


def _judged(name: Identifier, looks: Sequence[_Look]) -> Finding:
    evidence = "; ".join(f"{look.address}: {look.told}" for look in looks) + "."
    dead = [look.address for look in looks if look.seen is _Seen.NOBODY]
    if any(look.seen is _Seen.OTHER for look in looks):
        return Finding(
            code="challenge-answered-elsewhere",
            severity=Severity.WARNING,
            what=f"Another server than ours answers challenges for {name}.",
            evidence=evidence,
            remedy="Mend the name's addresses in DNS, or have that server pass /.well-known/acme-challenge/ on to this "
            "machine; dns-01 needs no server.",
            subject=name.value,
        )
    if dead and len(dead) < len(looks):
        return Finding(
            code="challenge-address-dead",
            severity=Severity.WARNING,
            what=f"Not every address of {name} leads to this machine.",
            evidence=evidence,
            remedy=f"Remove {', '.join(dead)} from DNS, or have it answer: authorities try IPv6 first.",
            subject=name.value,
        )
    if dead:
        return Finding(
            code="challenge-not-seen",
            severity=Severity.NOTE,
            what=f"From here nobody answers at the public addresses of {name}.",
            evidence=evidence,
            remedy="If its certificates are renewed nothing has to be done: many routers do not lead a machine back to "
            "its own public address. Otherwise let port 80 through to this machine.",
            subject=name.value,
        )
    return Finding("challenge-path", Severity.OK, f"Challenges for {name} arrive.", evidence, subject=name.value)
