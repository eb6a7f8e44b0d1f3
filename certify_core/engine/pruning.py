"""Takes away what has no use any more: certificates that ended long ago, with their keys, and orders that failed.

A folder of certificates goes only when nothing refers to it and its certificate had ended `KEPT` before the current one
began. That is told by the certificates alone, so a wrong clock removes none; with it goes the order that it came from.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.schedule import DAY
from certify_core.engine.x509 import end_of
from certify_core.errors import CertifyError, NotFound
from certify_core.store import Store

KEPT = 30 * DAY
"""Seconds for which a certificate that has ended is kept, counted to the beginning of the current one."""
FAILED_KEPT = 90 * DAY
"""Seconds for which an order is kept that ended without a certificate."""

_log = logging.getLogger(__name__)


class Pruning:
    """Prunes a store; may be interrupted anywhere and done again."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def run(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Take away what has no use any more, unless `stopped`; return how many certificates that were.

        Raises:
            LocalFault: the database cannot be changed.
        """
        self._store.orders.remove_failed(self._clock() - FAILED_KEPT)
        removed = 0
        for certificate_id in self._store.assets.owners():
            if stopped():
                break
            removed += self._prune(certificate_id)
        if removed:
            _log.info("%d certificates that ended long ago were removed, with their keys", removed)
        return removed

    def _prune(self, certificate_id: str) -> int:
        issued_ids = self._store.assets.issued_ids(certificate_id)
        if len(issued_ids) < 2:
            return 0
        try:
            certificate = self._store.certificates.get(certificate_id)
        except NotFound:
            return 0  # nobody's: the health check tells of it
        if certificate.issued is None:
            return 0
        old = set(issued_ids) - _in_use(certificate)
        ended = [each for each in old if self._has_ended(certificate, each, certificate.issued.not_before - KEPT)]
        return sum(self._is_removed(certificate_id, issued_id) for issued_id in ended)

    def _is_removed(self, certificate_id: str, issued_id: str) -> bool:
        """Remove a certificate with its order; one that cannot be removed stays, and keeps no other."""
        self._store.orders.remove_saved(certificate_id, issued_id)
        try:
            self._store.assets.remove(certificate_id, issued_id)
        except CertifyError as error:
            _log.warning("%s", error)
            return False
        return True

    def _has_ended(self, certificate: ManagedCertificate, issued_id: str, moment: float) -> bool:
        try:
            fullchain = self._store.assets.fullchain(certificate.id, issued_id)
        except CertifyError:
            return False  # what cannot be read is left to who looks after it
        end = end_of(fullchain)
        return end is not None and end < moment


def _in_use(certificate: ManagedCertificate) -> set[str]:
    """Return the ids of all that a managed certificate refers to."""
    issued = [certificate.issued, certificate.half]
    ids = {each.id for item in issued if item is not None for each in _with_second(item)}
    return ids | {deployment.deployed_id for deployment in certificate.deployments if deployment.deployed_id}


def _with_second(issued: Issued) -> list[Issued]:
    return [issued] if issued.second is None else [issued, issued.second]
