"""What a revocation means for the schedule: replaced at once, or left alone until somebody asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from certify_core.api import Failure, FailureClass
from certify_core.domain.certificate import ManagedCertificate, Status
from certify_core.domain.revocation import RevocationReason
from certify_core.domain.schedule import DueReason, due, is_emergency, status_of, wait_after
from tests.support.stores import DAY, NOW, issued_for, wanting

FAILURE = Failure(failure_class=FailureClass.AUTHORITY, cause="The authority is silent.", remedy="Wait.")


def certificate(*, automatic: bool = True, others: dict[str, Any] | None = None, **marks: Any) -> ManagedCertificate:
    """Return a certificate that was just issued, with marks of a revocation."""
    settings = wanting(renewal={"automatic": automatic})
    issued = issued_for(settings).model_copy(update=marks)
    return ManagedCertificate("id", 1, settings, NOW, NOW, issued=issued, **(others or {}))


@pytest.mark.parametrize("automatic", [True, False])
def test_what_has_to_be_replaced_is_due_at_once(automatic: bool) -> None:
    found = due(certificate(automatic=automatic, revoked_at=NOW, replace=True))
    assert (found.at, found.reason) == (0.0, DueReason.REVOKED)


def test_a_compromised_key_makes_a_certificate_due_though_it_is_not_revoked() -> None:
    assert due(certificate(replace=True, key_compromised=True)).reason is DueReason.REVOKED


def test_after_a_failure_the_replacement_waits_as_all_do() -> None:
    waiting = certificate(revoked_at=NOW, replace=True, others={"retry_at": NOW + 60})
    assert due(waiting).at == NOW + 60


def test_the_replacement_waits_less_than_a_day() -> None:
    waiting = certificate(revoked_at=NOW, replace=True, others={"failure_count": 9})
    assert wait_after(waiting, FAILURE, NOW) < DAY / 2 < wait_after(replace_mark(waiting), FAILURE, NOW)


def replace_mark(marked: ManagedCertificate) -> ManagedCertificate:
    """Return the certificate without its marks."""
    assert marked.issued is not None
    return replace(marked, issued=marked.issued.model_copy(update={"revoked_at": None, "replace": False}))


def test_a_replacement_is_an_emergency() -> None:
    marked = certificate(revoked_at=NOW, replace=True)
    assert (is_emergency(marked, NOW), is_emergency(replace_mark(marked), NOW)) == (True, False)


def test_what_is_revoked_without_replacement_is_never_due_by_itself() -> None:
    found = due(certificate(revoked_at=NOW))
    assert (found.at, found.reason) == (None, DueReason.REVOKED)


def test_other_settings_make_it_due_again() -> None:
    revoked = certificate(revoked_at=NOW)
    assert due(replace(revoked, settings=wanting("other.test"))).reason is DueReason.SETTINGS_CHANGED


def test_a_revoked_certificate_is_no_valid_one() -> None:
    marked = certificate(revoked_at=NOW)
    assert (status_of(marked, NOW), status_of(replace_mark(marked), NOW)) == (Status.ERROR, Status.HEALTHY)


def test_the_numbers_of_the_reasons_are_those_of_the_standard() -> None:
    assert {reason.value: reason.code for reason in RevocationReason} == {
        "unspecified": 0,
        "keyCompromise": 1,
        "affiliationChanged": 3,
        "superseded": 4,
        "cessationOfOperation": 5,
    }
