"""What is new for people: a trouble is told once, and gone only if somebody has looked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certify_core.api import Finding, Severity
from certify_core.domain.news import MANY, News, news
from certify_core.domain.notification import Trouble

NOW = 1_800_000_000.0
BAD = Finding("disk-full", Severity.ERROR, "The disk is full.", subject="/data", check="disk")
ODD = replace(BAD, severity=Severity.WARNING)
KNOWN = {("disk-full", "/data"): Trouble(BAD, NOW - 60)}


def test_what_was_not_known_has_come() -> None:
    assert news({}, [BAD], {"disk"}, NOW) == News(come=(Trouble(BAD, NOW),))


@pytest.mark.parametrize("severity", [Severity.OK, Severity.NOTE])
def test_what_is_not_bad_is_no_news(severity: Severity) -> None:
    assert news({}, [replace(BAD, severity=severity)], {"disk"}, NOW) == News()


def test_what_stays_is_no_news_however_its_evidence_changes() -> None:
    assert news(KNOWN, [replace(BAD, evidence="19 MB")], {"disk"}, NOW) == News()


def test_what_has_become_worse_has_come_and_is_as_old_as_before() -> None:
    known = {("disk-full", "/data"): Trouble(ODD, NOW - 60)}
    assert news(known, [BAD], {"disk"}, NOW) == News(come=(Trouble(BAD, NOW - 60),))


def test_what_has_become_less_bad_is_no_news() -> None:
    assert news(KNOWN, [ODD], {"disk"}, NOW) == News()


def test_what_is_not_found_any_more_is_gone() -> None:
    assert news(KNOWN, [], {"disk"}, NOW) == News(gone=tuple(KNOWN.values()))


def test_what_is_found_and_not_bad_any_more_is_gone() -> None:
    assert news(KNOWN, [replace(BAD, severity=Severity.OK)], {"disk"}, NOW) == News(gone=tuple(KNOWN.values()))


def test_nothing_is_gone_whose_check_was_not_made() -> None:
    assert news(KNOWN, [], {"clock"}, NOW) == News()


@pytest.mark.parametrize(("complete", "gone"), [(False, ()), (True, tuple(KNOWN.values()))])
def test_what_a_long_list_lacks_is_gone_only_if_the_list_is_whole(complete: bool, gone: tuple[Trouble, ...]) -> None:
    others = [replace(BAD, subject=f"/{number}") for number in range(MANY)]
    assert news(KNOWN, others, {"disk"}, NOW, complete=complete).gone == gone
