"""The log of a certificate: what happened last comes back, over rotations, crashes and full disks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certify_core.engine.certificate_log import MAX_BYTES, CertificateLogs
from certify_core.engine.events import Event, EventKind
from tests.support.stores import FAILURE, NOW

LONG = "x" * 100_000
"""Ten of such messages fill a log."""


def happened(message: str, certificate_id: str = "app") -> Event:
    """Return an event."""
    return Event(certificate_id=certificate_id, at=NOW, kind=EventKind.SAVED, message=message)


@pytest.fixture
def logs(tmp_path: Path) -> CertificateLogs:
    """The logs in a folder that has to be made."""
    return CertificateLogs(tmp_path / "logs/certificates")


@pytest.fixture
def log_file(logs: CertificateLogs, tmp_path: Path) -> Path:
    """The log of `app`, with one event."""
    logs.write(happened("first"))
    return tmp_path / "logs/certificates/app.log"


def messages(logs: CertificateLogs, limit: int = 100) -> list[str]:
    """Return the messages in the log of `app`."""
    return [event.message for event in logs.tail("app", limit)]


def test_events_come_back_as_they_were_written(logs: CertificateLogs) -> None:
    event = Event(certificate_id="app", at=NOW + 0.25, kind=EventKind.FAILED, message="Ärger\nhier", failure=FAILURE)
    logs.write(event)
    assert logs.tail("app", 10) == [event]


def test_each_certificate_has_a_log_of_its_own(logs: CertificateLogs) -> None:
    logs.write(happened("mine"))
    logs.write(happened("theirs", "other"))
    assert messages(logs) == ["mine"]


def test_what_has_no_log_has_no_events(logs: CertificateLogs) -> None:
    assert messages(logs) == []


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, []), (1, ["4"]), (3, ["2", "3", "4"]), (9, ["0", "1", "2", "3", "4"])]
)
def test_the_newest_events_come_back_the_oldest_of_them_first(
    logs: CertificateLogs, limit: int, expected: list[str]
) -> None:
    for number in range(5):
        logs.write(happened(str(number)))
    assert messages(logs, limit) == expected


def test_a_full_log_is_put_aside_and_its_events_still_come_back(logs: CertificateLogs, tmp_path: Path) -> None:
    for number in range(12):
        logs.write(happened(f"{number} {LONG}"))
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "logs/certificates").iterdir()}
    assert [message.split()[0] for message in messages(logs)] == [str(number) for number in range(12)]
    assert sizes.keys() == {"app.log", "app.log.1"}


def test_a_log_never_takes_much_more_than_two_files(logs: CertificateLogs, tmp_path: Path) -> None:
    for number in range(45):
        logs.write(happened(f"{number} {LONG}"))
    size = sum(path.stat().st_size for path in (tmp_path / "logs/certificates").iterdir())
    assert size < 2 * (MAX_BYTES + 2 * len(LONG))
    assert messages(logs)[-1].split()[0] == "44"


def test_a_line_that_a_crash_cut_off_is_left_out(logs: CertificateLogs, log_file: Path) -> None:
    whole = log_file.read_bytes()
    log_file.write_bytes(whole + whole[:-10])
    assert messages(logs) == ["first"]


def test_what_is_written_after_a_line_that_was_cut_off_is_not_lost(logs: CertificateLogs, log_file: Path) -> None:
    whole = log_file.read_bytes()
    log_file.write_bytes(whole + whole[:-10])
    logs.write(happened("after"))
    assert messages(logs) == ["first", "after"]


def test_damaged_lines_are_left_out_and_do_not_count(logs: CertificateLogs, log_file: Path) -> None:
    log_file.write_bytes(log_file.read_bytes() + b'\n\xff\xfe\n{"half": \n{}\n')
    logs.write(happened("after"))
    assert messages(logs, 2) == ["first", "after"]


def test_threads_that_write_at_once_lose_nothing_also_when_the_log_is_put_aside(logs: CertificateLogs) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: logs.write(happened(f"{number} {LONG}")), range(16)))
    assert sorted(int(message.split()[0]) for message in messages(logs)) == list(range(16))


def test_deleting_takes_all_its_files_and_no_other_s(logs: CertificateLogs, tmp_path: Path) -> None:
    for number in range(12):
        logs.write(happened(f"{number} {LONG}"))
    logs.write(happened("theirs", "app2"))
    logs.delete("app")
    assert [path.name for path in (tmp_path / "logs/certificates").iterdir()] == ["app2.log"]


def test_deleting_what_has_no_log_is_no_error(logs: CertificateLogs, tmp_path: Path) -> None:
    logs.delete("app")
    assert list((tmp_path / "logs/certificates").iterdir()) == []


def test_what_cannot_be_written_harms_nobody_and_is_told_once(
    logs: CertificateLogs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs/certificates/app.log").mkdir()
    for message in ("first", "second"):
        logs.write(happened(message))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
