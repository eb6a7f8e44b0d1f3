"""Managed certificates that fail, end soon, or do not reach where they are used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from certify_core.domain.certificate import DeploymentStatus, ManagedCertificate, Status
from certify_core.domain.finding import Finding, Severity
from certify_core.errors import NotFound
from certify_core.health.check import NothingToFix
from certify_core.store import Store

SOON = 7 * 86_400.0
"""Seconds."""
SHOWN = 20
"""So many certificates of each kind are named, if nobody wants more."""


class CertificatesCheck(NothingToFix):
    """Looks at what the store says of each certificate that is not well."""

    name = "certificates"
    title = "Managed certificates"

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time, shown: int = SHOWN) -> None:
        """`shown` is how many certificates of each kind are named."""
        self._store = store
        self._clock = clock
        self._shown = shown

    def run(self) -> list[Finding]:
        """Name those that need somebody."""
        now = self._clock()
        findings: dict[tuple[str, str], Finding] = {}
        for finding in (*self._failing(), *self._ending(now)):
            findings.setdefault((finding.code, finding.subject), finding)
        counted = self._store.certificates.count_by_status()
        counts = ", ".join(f"{number} {status}" for status, number in sorted(counted.items())) or "There are none."
        if findings:
            return [
                *findings.values(),
                Finding("certificates", Severity.NOTE, "Not every certificate is well.", counts),
            ]
        return [Finding("certificates", Severity.OK, "No certificate needs anybody.", counts)]

    def _failing(self) -> Iterator[Finding]:
        for status in (Status.ERROR, Status.WARNING):
            for item in islice(self._of_status(status), self._shown):
                certificate = self._find(item["id"])
                if certificate is not None:  # else it was deleted meanwhile
                    yield from _troubles(certificate)

    def _of_status(self, status: Status) -> Iterator[dict[str, Any]]:
        after = None
        while True:
            page = self._store.certificates.page(limit=self._shown, after=after, status=status)
            yield from page.items
            if (after := page.next) is None:
                return

    def _ending(self, now: float) -> Iterator[Finding]:
        for certificate_id, name, ends in self._store.inspection.ending(now + SOON, self._shown):
            over = ends <= now
            moment = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%d %H:%M UTC")
            certificate = self._find(certificate_id)
            if certificate is None or not (over or _is_late(certificate, now)):
                continue
            yield Finding(
                code="certificate-expired" if over else "certificate-ends-soon",
                severity=Severity.ERROR if over else Severity.WARNING,
                what=f"The certificate of {name} {'has ended' if over else 'ends soon'}.",
                evidence=f"{'Since' if over else 'On'} {moment}.",
                remedy=f"certify renew {name}",
                subject=certificate_id,
            )

    def _find(self, certificate_id: str) -> ManagedCertificate | None:
        try:
            return self._store.certificates.get(certificate_id)
        except NotFound:
            return None


def _is_late(certificate: ManagedCertificate, now: float) -> bool:
    """Whether nothing will renew it in time, or should have: one of a few days is renewed near its end by rights."""
    issued = certificate.issued
    if issued is None or certificate.status is Status.RUNNING:
        return False
    due = certificate.next_due_at
    return due is None or due < now - 3600 or due >= issued.expires_at


def _troubles(certificate: ManagedCertificate) -> Iterator[Finding]:
    name = certificate.settings.title
    if certificate.failure is not None:
        yield Finding(
            code="certificate-failing",
            severity=Severity.ERROR if certificate.status is Status.ERROR else Severity.WARNING,
            what=f"The last attempt to get a certificate for {name} failed.",
            evidence=f"{certificate.failure.cause} Failed {certificate.failure_count} times in a row.",
            remedy=certificate.failure.remedy or f"certify log {name}",
            subject=certificate.id,
        )
    for deployment in certificate.deployments:
        if deployment.status is DeploymentStatus.FAILED and deployment.failure is not None:
            yield Finding(
                code="deployment-failing",
                severity=Severity.WARNING,
                what=f"The certificate of {name} does not reach {deployment.settings.target}.",
                evidence=f"{deployment.failure.cause} Failed {deployment.failure_count} times in a row.",
                remedy=deployment.failure.remedy or f"certify log {name}",
                subject=deployment.id,
            )
    if certificate.issued is not None and certificate.issued.left_out:
        yield Finding(
            code="names-left-out",
            severity=Severity.WARNING,
            what=f"The certificate of {name} lacks names that are wanted.",
            evidence=f"Left out: {', '.join(certificate.issued.left_out)}.",
            remedy=f"certify log {name}",
            subject=certificate.id,
        )
