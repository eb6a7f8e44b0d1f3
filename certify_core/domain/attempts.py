"""Where the next order goes and for which names, as earlier failures suggest: pure functions.

Fallback: an authority that cannot issue is waited for while there is time, and left for the next one in the settings
when there is none; each has its turn, and the next renewal begins at the first again. Rehearsal: names that an
authority has refused are validated at its authority for tests first. Partial names: a name that failed too often is
left out, if the settings say so, and tried again every day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from certify_core.domain.certificate import Issued, ManagedCertificate
from certify_core.domain.failure import Failure, FailureClass
from certify_core.domain.keys import KeyType
from certify_core.domain.order import Order, OrderState, Part
from certify_core.domain.schedule import DAY, counts, is_emergency, renewal, wait_after, waiting_half
from certify_core.domain.setbacks import NO_SETBACKS, Setbacks
from certify_core.domain.settings import CertificateSettings, OrderWishes
from certify_core.domain.spread import fraction_of

PATIENCE = 1 / 6
"""With more than this share of the lifetime left, the first authority is waited for."""
TRIES_WITHOUT_CERTIFICATE = 2
"""An authority that is down is tried so often, where there is no certificate yet, before it is left for another."""
COMPLETE_EVERY = DAY
"""Seconds between attempts to have the names again that were left out."""
HALF_KEPT = 1 / 3
"""The first one of a pair waits for the second during this share of its lifetime, and is ordered anew then."""
_OTHERS_MAY_HELP = {FailureClass.AUTHORITY, FailureClass.LIMIT, FailureClass.POLICY, FailureClass.PROTOCOL}
_BEFORE_THE_AUTHORITY_LOOKS = {OrderState.PREPARED, OrderState.CHALLENGED}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the next order is for."""

    authority: str
    identifiers: tuple[str, ...]
    wishes: OrderWishes
    key_type: KeyType
    part: Part = Part.WHOLE
    left_out: tuple[str, ...] = ()
    rehearsal: bool = False
    """Whether the names are only validated, at an authority for tests."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows a failed attempt."""

    retry_at: float | None
    """When the next one may come, in seconds since the epoch; None if this one leaves everything as it was."""
    setbacks: Setbacks = NO_SETBACKS
    moves_on: bool = False
    """Whether the next attempt is another order, even if this one could be continued."""
    completing: bool = False
    """Whether it was only about names that are left out: what there is stays as good as it was."""


def next_attempt(certificate: ManagedCertificate, rehearsal: str | None, now: float) -> Attempt:
    """Return what the next order is for; `rehearsal` is the authority for tests, if there is one."""
    settings, setbacks = certificate.settings, certificate.setbacks
    part, key_type, half = _part(certificate, now)
    left_out = _left_out(certificate) if half is None else half.left_out
    attempt = Attempt(
        authority=setbacks.authority or settings.authority,
        identifiers=tuple(name for name in settings.identifiers if name not in left_out),
        wishes=settings.order,
        key_type=key_type,
        part=part,
        left_out=left_out,
    )
    if setbacks.authority is not None:
        # Profiles and lifetimes are each authority's own.
        return replace(attempt, wishes=settings.order.model_copy(update={"profile": None, "lifetime_days": None}))
    if rehearsal is not None and setbacks.rehearse:
        return replace(attempt, authority=rehearsal, rehearsal=True)
    return attempt


def _part(certificate: ManagedCertificate, now: float) -> tuple[Part, KeyType, Issued | None]:
    """Return which one of a pair comes next, its kind of key, and the first one if it waits for the second."""
    settings = certificate.settings
    if settings.second_key_type is None:
        return Part.WHOLE, settings.key_type, None
    half = waiting_half(certificate)
    if half is None or now > half.not_before + half.lifetime * HALF_KEPT:
        return Part.FIRST, settings.key_type, None
    return Part.SECOND, settings.second_key_type, half


def deviations(attempt: Attempt, settings: CertificateSettings) -> list[str]:
    """Return in words what an attempt does otherwise than the settings say."""
    told = []
    if attempt.rehearsal:
        told.append(f"The names are validated at {attempt.authority} first: {settings.authority} has refused one.")
    elif attempt.authority != settings.authority:
        told.append(f"It is ordered at {attempt.authority} in place of {settings.authority}.")
    if attempt.left_out:
        told.append(f"It is ordered without {', '.join(attempt.left_out)}: validation has failed too often.")
    return told


def _left_out(certificate: ManagedCertificate) -> tuple[str, ...]:
    """Return the names to do without: never in the first attempt, and never all of them."""
    limit, settings = certificate.settings.on_failure.leave_out_after, certificate.settings
    if limit is None or certificate.failure_count == 0:
        return ()
    failed = tuple(name for name in settings.identifiers if certificate.setbacks.names.get(name, 0) >= limit)
    return failed if len(failed) < len(settings.identifiers) else ()


def after_success(certificate: ManagedCertificate, issued: Issued, now: float) -> Setbacks:
    """Return what is left of the setbacks when a certificate was issued: only what concerns names left out."""
    if not issued.left_out:
        return NO_SETBACKS
    names = {name: certificate.setbacks.names.get(name, 0) for name in issued.left_out}
    return Setbacks(names=names, complete_at=_complete_at(certificate, now))


def after_failure(certificate: ManagedCertificate, order: Order, failure: Failure, now: float) -> Outcome:
    """Return what follows when a step of `order` has failed."""
    setbacks = certificate.setbacks.model_copy(
        update={"names": _counted(certificate, order, failure), "rehearse": _is_rehearsed(certificate, order, failure)}
    )
    if _is_completing(certificate, now):
        setbacks = setbacks.model_copy(update={"complete_at": _complete_at(certificate, now)})
        return Outcome(None, setbacks, moves_on=True, completing=True)
    if order.rehearsal and not setbacks.rehearse:
        return Outcome(now, setbacks, moves_on=True)
    following, wait = _next_turn(certificate, order, failure, now)
    setbacks = setbacks.model_copy(update={"authority": following})
    stays = order.rehearsal or (following or certificate.settings.authority) == order.authority
    return Outcome(now + wait, setbacks, moves_on=not stays)


# -- names -------------------------------------------------------------------------------------------------------


def _counted(certificate: ManagedCertificate, order: Order, failure: Failure) -> dict[str, int]:
    names = dict(certificate.setbacks.names)
    failed = failure.identifiers
    if not failed and failure.failure_class is FailureClass.USER and len(order.identifiers) == 1:
        failed = (order.identifiers[0].value,)
    for name in failed:
        names[name] = names.get(name, 0) + 1
    return names


def _is_completing(certificate: ManagedCertificate, now: float) -> bool:
    issued = certificate.issued
    if issued is None or not issued.left_out or issued.request_digest != certificate.settings.request_digest:
        return False
    return renewal(certificate, issued)[0] > now


def _complete_at(certificate: ManagedCertificate, now: float) -> float:
    return now + COMPLETE_EVERY * (1 + 0.1 * fraction_of(certificate.id, "complete"))


# -- rehearsal ---------------------------------------------------------------------------------------------------


def _is_rehearsed(certificate: ManagedCertificate, order: Order, failure: Failure) -> bool:
    """Whether the next attempt begins with a rehearsal."""
    refused = failure.failure_class is FailureClass.USER and order.state not in _BEFORE_THE_AUTHORITY_LOOKS
    if order.rehearsal:  # one that the authority for tests is at fault for, or that is unknown by now, proves nothing
        begun = order.state is not OrderState.PREPARED
        return failure.failure_class is FailureClass.LOCAL or (begun and failure.failure_class is FailureClass.USER)
    return refused or certificate.setbacks.rehearse


# -- fallback ----------------------------------------------------------------------------------------------------


def _next_turn(certificate: ManagedCertificate, order: Order, failure: Failure, now: float) -> tuple[str | None, float]:
    """Return the fallback authority that is next (None: the first), and the seconds until then."""
    settings = certificate.settings
    turns = (settings.authority, *settings.on_failure.fallback_authorities)
    wait = wait_after(certificate, failure, now)
    if order.rehearsal or len(turns) == 1 or failure.failure_class not in _OTHERS_MAY_HELP:
        return None, wait
    if order.state is OrderState.FINALIZED and not is_emergency(certificate, now):
        return certificate.setbacks.authority, wait  # it may be issued already
    place = turns.index(order.authority) if order.authority in turns else 0
    if place + 1 == len(turns):
        return None, wait
    if place > 0:
        return turns[place + 1], 0.0
    moment = max(_end_of_patience(certificate, failure), now)
    return (turns[1], moment - now) if moment < now + wait else (None, wait)


def _end_of_patience(certificate: ManagedCertificate, failure: Failure) -> float:
    """Return the moment from which the first authority is not waited for."""
    issued = certificate.issued
    if issued is not None and issued.replace:
        return -math.inf
    if issued is not None:
        return issued.expires_at - issued.lifetime * PATIENCE
    hopeless = failure.failure_class in {FailureClass.LIMIT, FailureClass.POLICY}
    tries = certificate.failure_count + counts(failure)
    return -math.inf if hopeless or tries >= TRIES_WITHOUT_CERTIFICATE else math.inf
