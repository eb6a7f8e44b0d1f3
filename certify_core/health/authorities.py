"""The authorities where there are accounts: whether their names resolve, they answer, and agree with our clock."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

from certify_core.domain.finding import Finding, Severity
from certify_core.engine.clock import TOLERANCE
from certify_core.errors import CertifyError
from certify_core.health.asking import PATIENCE, client_of
from certify_core.health.check import NothingToFix
from certify_core.plugins import Plugins
from certify_core.store import Account, Store

DRIFT = 60.0
"""Seconds that our clock may differ from an authority's."""
AT_ONCE = 8


class AuthoritiesCheck(NothingToFix):
    """Asks each authority for its directory."""

    name = "authorities"
    title = "Certificate authorities, DNS and clock"

    def __init__(
        self, store: Store, plugins: Plugins, *, wall: Callable[[], float] = time.time, patience: float = PATIENCE
    ) -> None:
        """`wall` is this machine's own clock."""
        self._store = store
        self._plugins = plugins
        self._wall = wall
        self._patience = patience

    def run(self) -> list[Finding]:
        """Ask all at the same time."""
        accounts = self._store.accounts.all()
        if not accounts:
            return [Finding("authorities", Severity.OK, "No authority has been asked for anything yet.")]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="health-ca") as threads:
            return [finding for findings in threads.map(self._looked_at, accounts) for finding in findings]

    def _looked_at(self, account: Account) -> Sequence[Finding]:
        host = urlsplit(account.directory).hostname or ""
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return [_unresolved(account, host, error)]
        try:
            began = time.monotonic()
            theirs = self._time_at(account)
            took = time.monotonic() - began
        except CertifyError as error:
            return [_unreachable(account, error)]
        reached = Finding(
            code="authority-reachable",
            severity=Severity.OK,
            what=f"{account.directory} answers.",
            evidence=f"In {took * 1000:.0f} ms.",
            subject=account.directory,
        )
        return [reached, *self._clock(account, theirs)]

    def _time_at(self, account: Account) -> float | None:
        with closing(client_of(account, self._plugins, self._patience)) as client:
            return client.authority_time()

    def _clock(self, account: Account, theirs: float | None) -> list[Finding]:
        if theirs is None:
            return []
        off = self._wall() - theirs
        if abs(off) <= DRIFT:
            what = "The clock is right."
            return [
                Finding("clock", Severity.OK, what, f"{off:+.0f} s to {account.directory}.", subject=account.directory)
            ]
        remedy = "Set the clock, and mend its synchronisation (NTP)."
        if abs(off) > TOLERANCE:
            remedy += " Until then Certify goes by its authorities' time."
        return [
            Finding(
                code="clock-off",
                severity=Severity.ERROR if abs(off) > TOLERANCE else Severity.WARNING,
                what=f"This machine's clock is {abs(off):.0f} seconds {'ahead' if off > 0 else 'behind'}.",
                evidence=f"Compared with the Date of {account.directory}.",
                remedy=remedy,
                subject=account.directory,
            )
        ]


def _unresolved(account: Account, host: str, error: Exception) -> Finding:
    return Finding(
        code="dns-fails",
        severity=Severity.ERROR,
        what=f"The name {host} cannot be resolved.",
        evidence=f"{getattr(error, 'strerror', None) or error}",
        remedy="Check this machine's DNS servers, and the authority's address.",
        subject=account.directory,
    )


def _unreachable(account: Account, error: CertifyError) -> Finding:
    return Finding(
        code="authority-unreachable",
        severity=Severity.ERROR,
        what=f"{account.directory} cannot be asked for certificates now.",
        evidence=error.cause,
        remedy=error.remedy,
        subject=account.directory,
    )
