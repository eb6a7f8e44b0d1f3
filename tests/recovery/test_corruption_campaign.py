"""Two hundred damaged databases: each is recovered, and none by pretending. `make campaign` prints the table."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.support.campaign import CERTIFICATES, JUST_NOW, Outcome, build, cases, damaged_copy, outcome, recovered
from tests.support.corruption import KINDS
from tests.support.service import Service

pytestmark = [pytest.mark.xdist_group("campaign"), pytest.mark.timeout(600)]

REFERENCE_KINDS = ("bit flip", "zeroed page", "garbage header", "truncated", "torn WAL", "lost WAL")
MOST_MISSING, MOST_STALE = 8, 28
"""On average, of 2,059 rows: what a backup of the day before and the pages that are left give."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of which copies are damaged."""
    folder = tmp_path_factory.mktemp("campaign") / "base"
    build(folder)
    return folder


@pytest.fixture(scope="module")
def outcomes(base: Path) -> Sequence[Outcome]:
    """What became of each."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(partial(_outcome, base), enumerate(cases())))


def _outcome(base: Path, numbered: tuple[int, tuple[str, int, bool]]) -> Outcome:
    number, case = numbered
    return outcome(base, base.with_name(str(number)), case, recovered)


def mean(figures: Sequence[int]) -> float:
    """Return the average."""
    return sum(figures) / len(figures)


def test_each_can_be_worked_with_afterwards(outcomes: Sequence[Outcome]) -> None:
    assert [one for one in outcomes if not one.opened] == []


def test_there_are_two_hundred_of_eight_kinds(outcomes: Sequence[Outcome]) -> None:
    assert (len(outcomes), {one.kind for one in outcomes}) == (200, set(KINDS))


def test_nothing_damaged_is_taken_for_good(outcomes: Sequence[Outcome]) -> None:
    assert [one for one in outcomes if one.wrong] == []


def test_few_rows_are_lost(outcomes: Sequence[Outcome]) -> None:
    assert mean([one.missing for one in outcomes if one.kind in REFERENCE_KINDS]) <= MOST_MISSING


def test_few_rows_are_older_than_they_were(outcomes: Sequence[Outcome]) -> None:
    assert mean([one.stale for one in outcomes if one.kind in REFERENCE_KINDS]) <= MOST_STALE


def test_a_lost_wal_costs_no_more_than_the_last_second(outcomes: Sequence[Outcome]) -> None:
    assert max(one.stale + one.missing for one in outcomes if one.kind.endswith("WAL")) <= JUST_NOW


def test_with_a_good_backup_nothing_is_lost_at_all(outcomes: Sequence[Outcome]) -> None:
    assert [one for one in outcomes if not one.backup_damaged and (one.missing or one.stale)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_service_starts_and_has_nearly_all_even_if_the_backups_are_damaged_too(
    base: Path, tmp_path: Path, kind: str
) -> None:
    damaged_copy(base, tmp_path / "data", kind, 0, backup_damaged=True)
    service = Service(tmp_path / "data").start()
    counts = service.call("GET", "/api/managedcertificates/summary").body
    service.close()
    assert CERTIFICATES * 0.95 <= sum(counts.values()) <= CERTIFICATES
