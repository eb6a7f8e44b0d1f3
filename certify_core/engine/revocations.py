"""Revoking certificates (RFC 8555 section 7.6): a wish is kept until the authority has heard of it.

It is signed for by the account's key, and where the account is not ours any more, by the certificate's own. What was
revoked is then replaced, unless nobody wants that; a key that is in wrong hands is never used again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing, suppress

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.acme import AccountKey, AcmeClient, ProblemError
from certify_core.contracts import AcmeAuthority
from certify_core.domain.certificate import ManagedCertificate
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.revocation import Revocation, RevocationReason, RevocationState
from certify_core.domain.schedule import DAY, backoff
from certify_core.engine.accounts import USER_AGENT, AccountKeeper
from certify_core.engine.events import EventKind, Events
from certify_core.engine.wanted import Wanted
from certify_core.engine.x509 import key_digest, split_chain
from certify_core.errors import InvalidInput, NotFound, PolicyRefused, failure_of
from certify_core.store import Store

PASSING = {FailureClass.AUTHORITY, FailureClass.LIMIT, FailureClass.LOCAL}
"""After these the authority is asked again by itself."""
_NOT_OURS = {"unauthorized", "accountDoesNotExist"}
"""How an authority answers an account that may not revoke a certificate."""
_log = logging.getLogger(__name__)


class Revocations:
    """Revokes certificates for people, and is the handler of the jobs that try it again."""

    def __init__(
        self,
        store: Store,
        wanted: Wanted,
        accounts: AccountKeeper,
        events: Events,
        clock: Callable[[], float],
        rest: threading.Lock,
        wake: Callable[[], None],
    ) -> None:
        """`rest` is held while something new is wanted of a certificate; `wake` is called when something is due."""
        self._store = store
        self._wanted = wanted
        self._accounts = accounts
        self._events = events
        self._clock = clock
        self._rest = rest
        self._wake = wake

    def want(self, certificate_id: str, reason: RevocationReason, serial: str | None, *, renew: bool) -> Revocation:
        """Keep that a certificate is to be revoked, the current one or that of the serial number, with all it takes.

        Raises:
            NotFound: there is no such certificate.
            InvalidInput: the serial number is none, or a compromised certificate is not to be replaced.
            PolicyRefused: its authority cannot revoke.
        """
        if reason is RevocationReason.KEY_COMPROMISE and not renew:
            raise InvalidInput(
                "renew",
                "A certificate whose key is compromised is requested anew, with another key.",
                "Leave it so; delete the managed certificate afterwards if nobody needs it.",
            )
        certificate = self._store.certificates.get(certificate_id)
        issued_id = self._issued_id(certificate, serial)
        fullchain, private_key = self._store.assets.load(certificate_id, issued_id)
        leaf, _ = split_chain(fullchain)
        parsed = x509.load_pem_x509_certificate(leaf.encode())
        authority, ca_bundle = self._issuer(certificate, issued_id)
        return self._store.revocations.want(
            Revocation(
                certificate_id=certificate_id,
                issued_id=issued_id,
                serial=f"{parsed.serial_number:X}",
                authority=authority,
                ca_bundle=ca_bundle,
                certificate_pem=leaf,
                private_key_pem=private_key,
                key_digest=key_digest(parsed),
                reason=reason,
                renew=renew,
                wanted_at=self._clock(),
            )
        )

    def attempt(self, revocation: Revocation, accepted: Callable[[], None] = lambda: None) -> Revocation:
        """Ask the authority, and return the revocation as it stands then.

        `accepted` is called if the managed certificate is requested anew, when that is durable.
        """
        try:
            signer = self._ask(revocation)
        except Exception as error:
            return self._failed(revocation, error)
        with self._rest:
            done, certificate = self._store.revocations.complete(revocation, self._clock())
            if certificate is not None and certificate.issued is not None and certificate.issued.replace:
                accepted()
        self._tell(done, EventKind.REVOKED, f"certificate {done.serial} is revoked ({done.reason.value}), {signer}")
        self._wake()
        return done

    def run(self, name: str) -> float | None:
        """Go on with a revocation, named as `Revocation.name` says; return the seconds to wait for its next attempt."""
        certificate_id, _, issued_id = name.partition("/")
        revocation = self._store.revocations.find(certificate_id, issued_id)
        if revocation is None or revocation.state is not RevocationState.WANTED:
            return None
        wait = (revocation.next_attempt_at or 0.0) - self._clock()
        if wait > 0:
            return min(wait, DAY)
        self.attempt(revocation)
        return 0.0

    # -- behind the scenes ---------------------------------------------------------------------------------------

    def _issued_id(self, certificate: ManagedCertificate, serial: str | None) -> str:
        if serial is None:
            if certificate.issued is None:
                raise NotFound(f"{certificate.settings.title} has no certificate yet.", "See `certify show`.")
            if certificate.issued.second is not None:
                pair = f"{certificate.issued.serial} and {certificate.issued.second.serial}"
                raise InvalidInput("serial", f"There is a pair of certificates: {pair}.", "Say which one; or each.")
            return certificate.issued.id
        number = _serial_number(serial)
        for issued_id in self._store.assets.issued_ids(certificate.id):
            fullchain, _ = self._store.assets.load(certificate.id, issued_id)
            if x509.load_pem_x509_certificate(fullchain.encode()).serial_number == number:
                return issued_id
        raise NotFound(
            f"{certificate.settings.title} never had a certificate with the serial number {serial}.",
            "See `certify log` for those it had; one that has ended long ago is not kept.",
        )

    def _issuer(self, certificate: ManagedCertificate, issued_id: str) -> tuple[str, str | None]:
        settings = certificate.settings
        ordered_at = self._store.revocations.ordered_at(certificate.id, issued_id)
        authority, ca_bundle = ordered_at or (settings.authority, None)
        if authority == settings.authority:
            ca_bundle = settings.ca_bundle
        issuer = self._wanted.authority(authority, ca_bundle)
        if not isinstance(issuer, AcmeAuthority):
            raise PolicyRefused(
                f"{issuer.title} cannot revoke certificates.",
                "Take the certificate out of use; if its key is compromised, request a new one: certify renew",
            )
        return authority, ca_bundle

    def _ask(self, revocation: Revocation) -> str:
        """Have it revoked, and return in words whose key has signed for that."""
        authority = self._wanted.authority(revocation.authority, revocation.ca_bundle)
        if not isinstance(authority, AcmeAuthority):
            raise PolicyRefused(f"{authority.title} cannot revoke certificates.", "Take it out of use.")
        with self._accounts.silence.listening(authority.directory):
            client = self._accounts.known_client(authority)
            if client is not None and self._is_revoked_by_account(client, revocation):
                return "signed for by the account"
            with closing(self._with_its_own_key(authority, revocation)) as own:
                _revoke(own, revocation)
        return "signed for by its own key"

    def _is_revoked_by_account(self, client: AcmeClient, revocation: Revocation) -> bool:
        """Return whether the account has revoked it; False if it may not, and the certificate's key is at hand."""
        try:
            _revoke(client, revocation)
        except ProblemError as error:
            if error.problem.kind not in _NOT_OURS or not revocation.private_key_pem:
                raise
            return False
        return True

    def _with_its_own_key(self, authority: AcmeAuthority, revocation: Revocation) -> AcmeClient:
        if not revocation.private_key_pem:
            raise PolicyRefused(
                f"Neither the account that ordered certificate {revocation.serial} nor its private key is here.",
                "Revoke it with the program that has one of them.",
            )
        return self._accounts.connect(
            authority.directory,
            AccountKey.from_pem(revocation.private_key_pem),
            ca_bundle=authority.ca_bundle,
            user_agent=USER_AGENT,
        )

    def _failed(self, revocation: Revocation, error: Exception) -> Revocation:
        failure = failure_of(error, "revoke")
        _log.error("Certificate %s, revoking %s: %s", revocation.certificate_id, revocation.serial, failure)
        if failure.failure_class in PASSING:
            wait = backoff(revocation.failure_count + 1, failure, revocation.issued_id)
            failed = self._store.revocations.postpone(revocation, failure, self._clock() + wait)
        else:
            failed = self._store.revocations.refuse(revocation, failure)
        message = f"certificate {revocation.serial} is not revoked: {failure}"
        self._tell(revocation, EventKind.REVOCATION_FAILED, message, failure)
        return failed

    def _tell(self, revocation: Revocation, kind: EventKind, message: str, failure: Failure | None = None) -> None:
        with suppress(NotFound):  # one that is deleted has no log any more
            self._store.certificates.get(revocation.certificate_id)
            self._events.publish(revocation.certificate_id, kind, message, failure)


def _revoke(client: AcmeClient, revocation: Revocation) -> None:
    certificate = x509.load_pem_x509_certificate(revocation.certificate_pem.encode())
    try:
        client.revoke(certificate.public_bytes(Encoding.DER), revocation.reason.code)
    except ProblemError as error:
        if error.problem.kind != "alreadyRevoked":
            raise


def _serial_number(text: str) -> int:
    try:
        return int(text.replace(":", "").replace(" ", ""), 16)
    except ValueError:
        raise InvalidInput("serial", f"{text!r} is no serial number.", "Give it in hex, as shown.") from None
