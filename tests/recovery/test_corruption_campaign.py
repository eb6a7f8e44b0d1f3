"""A hundred damages of a database, each with good backups and with damaged ones: the service starts on every one.

Nothing is recovered by pretending. `make campaign` prints the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.support.campaign import JUST_NOW, Outcome, build, cases, outcomes, served
from tests.support.corruption import KINDS

pytestmark = [pytest.mark.xdist_group("campaign"), pytest.mark.timeout(900)]

REFERENCE_KINDS = ("bit flip", "zeroed page", "garbage header", "truncated", "torn WAL", "lost WAL")
MOST_MISSING, MOST_STALE = 8, 28
"""On average, of 2,059 rows: what a backup of the day before and the pages that are left give."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Outcome]:
    """What became of each."""
    base = tmp_path_factory.mktemp("campaign") / "base"
    build(base)
    return outcomes(base, cases(), served)


def mean(figures: Sequence[int]) -> float:
    """Return the average."""
    return sum(figures) / len(figures)


def test_the_service_starts_on_each_shows_what_is_there_and_writes(found: Sequence[Outcome]) -> None:
    assert [one for one in found if not one.works] == []


def test_there_are_two_hundred_of_eight_kinds(found: Sequence[Outcome]) -> None:
    assert (len(found) >= 200, {one.case.kind for one in found}) == (True, set(KINDS))


def test_each_damage_is_there_with_good_backups_and_with_damaged_ones(found: Sequence[Outcome]) -> None:
    backups = Counter((one.case.kind, one.case.seed) for one in found)
    assert set(backups.values()) == {2}


def test_nothing_damaged_is_taken_for_good(found: Sequence[Outcome]) -> None:
    assert [one for one in found if one.wrong] == []


def test_few_rows_are_lost(found: Sequence[Outcome]) -> None:
    assert mean([one.missing for one in found if one.case.kind in REFERENCE_KINDS]) <= MOST_MISSING


def test_few_rows_are_older_than_they_were(found: Sequence[Outcome]) -> None:
    assert mean([one.stale for one in found if one.case.kind in REFERENCE_KINDS]) <= MOST_STALE


def test_a_lost_wal_costs_no_more_than_the_last_second(found: Sequence[Outcome]) -> None:
    assert max(one.stale + one.missing for one in found if one.case.kind.endswith("WAL")) <= JUST_NOW


def test_with_a_good_backup_nothing_is_lost_at_all(found: Sequence[Outcome]) -> None:
    assert [one for one in found if not one.case.backup_damaged and (one.missing or one.stale)] == []
