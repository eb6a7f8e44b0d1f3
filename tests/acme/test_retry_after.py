"""Retry-After is read right wherever this machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from certify_core.acme.retry_after import LONGEST, seconds_to_wait

NOW = datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC).timestamp()
"""Ten seconds before European clocks are put forward."""
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the test as if this machine were elsewhere."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.parametrize(
    ("retry_after", "date", "expected"),
    [
        ("120", None, 120.0),
        (" 0 ", None, 0.0),
        ("Sun, 29 Mar 2026 01:00:00 GMT", None, 10.0),
        ("Sun, 29 Mar 2026 03:00:00 +0200", None, 10.0),
        ("Sunday, 29-Mar-26 01:00:00 GMT", None, 10.0),
        ("Sun Mar 29 01:00:00 2026", None, 10.0),
        ("Sun, 29 Mar 2026 00:00:00 GMT", None, 0.0),
        ("Sun, 29 Mar 2026 01:00:00 GMT", "Sun, 29 Mar 2026 00:30:00 GMT", 1800.0),
        ("Sun, 29 Mar 2026 01:00:00 GMT", "yesterday", 10.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", None, LONGEST),
        ("99999999999999999999", None, LONGEST),
    ],
)
def test_the_wait_is_the_same_in_every_time_zone(
    zone: str, retry_after: str, date: str | None, expected: float
) -> None:
    assert seconds_to_wait(retry_after, date, NOW) == expected


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5.2", "²", "Sun, 99 Mar 2026 01:00:00 GMT x", "Mon, 32"])
def test_what_cannot_be_read_asks_for_no_wait(header: str | None) -> None:
    assert seconds_to_wait(header, None, NOW) is None
