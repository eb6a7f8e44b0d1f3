"""Finds out at the start that the clock was set back, and hears the time from an authority then."""

from __future__ import annotations

import logging
from pathlib import Path

from certify_core.engine.clock import TOLERANCE, Clock
from certify_core.engine.orders import OrderMachine
from certify_core.errors import CertifyError
from certify_core.store import Store

WITNESSES = 20
"""So many certificates' authorities are asked at most when the clock is in doubt."""

_log = logging.getLogger(__name__)


def left_in_the_future(log_dir: Path, now: float) -> bool:
    """Whether an earlier process wrote its log later than now: then the clock was set back meanwhile."""
    newest = max((path.stat().st_mtime for path in log_dir.iterdir()), default=0.0)
    return newest > now + TOLERANCE


def ask_the_time(store: Store, machine: OrderMachine, clock: Clock) -> None:
    """Hear the time from an authority, so that nothing is missed while the clock is behind."""
    _log.warning("This machine's clock is behind the time at which the service ran last")
    for item in store.certificates.page(limit=WITNESSES).items:
        certificate = store.certificates.get(item["id"])
        try:
            clock.learn(machine.authority_time(certificate))
        except CertifyError as error:
            _log.warning("%s does not tell the time: %s", certificate.settings.authority, error)
        if clock.is_confirmed:
            break
