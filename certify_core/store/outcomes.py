"""What the end of an attempt means for its managed certificate; called inside the order's own transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, update

from certify_core.domain.ari import RenewalInformation, begun
from certify_core.domain.attempts import Outcome, after_success
from certify_core.domain.certificate import DeploymentStatus, Issued, ManagedCertificate
from certify_core.domain.failure import Failure
from certify_core.domain.order import Part
from certify_core.domain.schedule import counts, waiting_half
from certify_core.store.renewal_windows import save_renewal_information
from certify_core.store.revocations import compromise, is_compromised
from certify_core.store.rows import D, deployment_state, load, save_state, with_status
from certify_core.store.tables import DEPLOYMENTS


def record_issued(
    connection: Connection, certificate_id: str, issued: Issued, now: float, part: Part = Part.WHOLE
) -> ManagedCertificate:
    """Make `issued` the current certificate, or with the one that waits for it the current pair; deployments are due.

    The second one of a pair that is not wanted so any more changes nothing: what is wanted now is ordered anew.
    """
    current = load(connection, certificate_id)
    if is_compromised(connection, certificate_id, issued.key_digest):  # called so while this order was under way
        issued = issued.model_copy(update=compromise(has_other_keys=current.settings.csr is None))
    if part is Part.SECOND:
        half = waiting_half(current)
        if half is None:
            return _outdated(connection, current, now)
        issued = half.model_copy(update={"second": issued, "replace": half.replace or issued.replace})
    deployments = tuple(
        replace(item, status=DeploymentStatus.PENDING, failure=None, failure_count=0, next_attempt_at=now)
        for item in current.deployments
    )
    changed = replace(
        current,
        issued=issued,
        half=None,
        order_id=None,
        requested_at=None,
        use_last_duplicate=False,
        # What was left out is told with the reason why.
        failure=current.failure if issued.left_out else None,
        failure_count=0,
        retry_at=None,
        setbacks=after_success(current, issued, now),
        ari=_windows(issued, current.ari, now),
        deployments=deployments,
    )
    changed = with_status(changed, now)
    save_state(connection, changed)
    if changed.ari != current.ari:
        save_renewal_information(connection, changed)
    for deployment in deployments:
        connection.execute(update(DEPLOYMENTS).where(D.id == deployment.id), deployment_state(deployment))
    return changed


def _outdated(connection: Connection, current: ManagedCertificate, now: float) -> ManagedCertificate:
    changed = with_status(replace(current, half=None, order_id=None), now)
    save_state(connection, changed)
    return changed


def record_half(connection: Connection, certificate_id: str, half: Issued) -> ManagedCertificate:
    """Keep the first one of a pair until the second is there; whoever is at it goes on with that.

    One whose key was called compromised while it was ordered is not kept: the next order is for another.
    """
    current = load(connection, certificate_id)
    kept = None if is_compromised(connection, certificate_id, half.key_digest) else half
    changed = replace(current, half=kept, order_id=None, failure=None, failure_count=0, retry_at=None)
    save_state(connection, changed)
    return changed


def _windows(issued: Issued, before: RenewalInformation | None, now: float) -> RenewalInformation | None:
    """Return what is known of the renewal window of a certificate that is new, and of that of its pair."""
    if issued.origin is None:
        return None
    first = begun(issued.origin.ari_id, now, before)
    if issued.second is None or issued.second.origin is None:
        return first
    second = begun(issued.second.origin.ari_id, now, before.second if before else None)
    return first.model_copy(update={"second": second})


def record_attempt_failed(
    connection: Connection,
    certificate_id: str,
    failure: Failure,
    outcome: Outcome,
    now: float,
    *,
    order_ended: bool = False,
) -> ManagedCertificate:
    """Note a failed attempt; with `order_ended` the next one starts with a new order."""
    current = load(connection, certificate_id)
    changed = replace(
        current,
        failure=failure,
        failure_count=0 if outcome.completing else current.failure_count + counts(failure),
        retry_at=outcome.retry_at,
        setbacks=outcome.setbacks,
        requested_at=None,
        order_id=None if order_ended else current.order_id,
    )
    changed = with_status(changed, now)
    save_state(connection, changed)
    return changed


def record_rehearsed(connection: Connection, certificate_id: str) -> None:
    """Note that all names were validated at an authority for tests; whoever is at it goes on with the real order."""
    current = load(connection, certificate_id)
    setbacks = current.setbacks.model_copy(update={"rehearse": False})
    save_state(connection, replace(current, order_id=None, retry_at=None, setbacks=setbacks))
