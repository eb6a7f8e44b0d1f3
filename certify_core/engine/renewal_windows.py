"""The job that reads when an authority wants a certificate renewed (RFC 9773), away from the orders' own way.

It has threads of its own and its own memory of authorities that do not answer: one that hangs costs a late reading,
and never an order. Nothing is asked for certificates of authorities that suggest nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from certify_core.contracts import AcmeAuthority
from certify_core.domain.ari import Origin, RenewalInformation, RenewalWindow, missed, read, same_window
from certify_core.domain.certificate import ManagedCertificate
from certify_core.engine.accounts import AccountKeeper
from certify_core.engine.clock import Clock
from certify_core.engine.events import EventKind, Events
from certify_core.engine.silence import Silence
from certify_core.engine.wanted import Wanted
from certify_core.errors import CertifyError, NotFound
from certify_core.store import Store

_log = logging.getLogger(__name__)


class RenewalWindows:
    """Handler of the jobs that read windows: a job's name is the managed certificate's id."""

    def __init__(
        self,
        store: Store,
        wanted: Wanted,
        accounts: AccountKeeper,
        events: Events,
        clock: Clock,
        expect: Callable[[float | None], None],
    ) -> None:
        """`expect` is told of the moments at which something is due."""
        self._store = store
        self._wanted = wanted
        self._accounts = accounts
        self._events = events
        self._clock = clock
        self._expect = expect
        self._silence = Silence()

    def run(self, certificate_id: str) -> None:
        """Read the window of one certificate and keep what came of it."""
        try:
            certificate = self._store.certificates.get(certificate_id)
        except NotFound:
            return
        known, issued = certificate.ari, certificate.issued
        if known is None or issued is None or issued.origin is None:
            return
        learnt = self._read(certificate, issued.origin, known)
        if known.second is not None and issued.second is not None and issued.second.origin is not None:
            second = self._read(certificate, issued.second.origin, known.second)
            learnt = learnt.model_copy(update={"second": second})
        kept = self._store.windows.keep(certificate_id, learnt)
        if kept is None:
            return
        if learnt.window is not None and not same_window(learnt.window, known.window):
            self._events.publish(certificate_id, EventKind.RENEWAL_WINDOW, _message(learnt.window, known.window))
        self._expect(learnt.reading_at)
        self._expect(kept.next_due_at)

    def _read(self, certificate: ManagedCertificate, origin: Origin, known: RenewalInformation) -> RenewalInformation:
        try:
            authority = self._wanted.authority(origin.authority, certificate.settings.ca_bundle)
            if not isinstance(authority, AcmeAuthority) or authority.directory != origin.directory:
                return read(known, None, self._clock())
            with self._silence.listening(origin.directory):
                client = self._accounts.client(authority)
                suggestion = client.renewal_info(origin.ari_id)
            # The answer tells the time: a clock that is wrong must not put the next reading years away.
            self._clock.learn(client.authority_time())
        except CertifyError as error:
            _log.warning("Certificate %s, renewal window: %s", certificate.id, error)
            return missed(known, error.cause, error.retry_after, self._clock())
        return read(known, suggestion, self._clock())


def _message(window: RenewalWindow, before: RenewalWindow | None) -> str:
    verb = "suggests renewal" if before is None else "now suggests renewal"
    reason = f"; it says why: {window.explanation_url}" if window.explanation_url else ""
    chosen = _time(window.chosen)
    return f"the authority {verb} between {_time(window.start)} and {_time(window.end)}; {chosen} was chosen{reason}"


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
