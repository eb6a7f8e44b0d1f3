"""The journal is told by its own protocol; a socket of the test's own takes its place."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from certify_core.api import PluginContext
from certify_core.plugins import Plugins
from certify_systemd.journal import LONGEST, Journal


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    """What takes messages."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.settimeout(30)
        yield listener


@pytest.fixture
def log(tmp_path: Path, journald: socket.socket) -> logging.Logger:
    """A log that goes there."""
    logger = logging.Logger("certify_core.engine")
    logger.addHandler(Journal(tmp_path / "socket"))
    return logger


def taken(journald: socket.socket) -> dict[str, str]:
    """Return the fields of the next message."""
    data, fields = journald.recv(200_000), {}
    while data:
        name, _, rest = data.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        fields[name.decode()] = rest[8 : 8 + length].decode()
        data = rest[8 + length + 1 :]
    return fields


def test_a_warning_is_one(log: logging.Logger, journald: socket.socket) -> None:
    log.warning("Port %d is taken", 80)
    fields = taken(journald)
    assert (fields["MESSAGE"], fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("Port 80 is taken", "4", "certify")


def test_no_message_becomes_another_field(log: logging.Logger, journald: socket.socket) -> None:
    log.error("first\nPRIORITY=0\n")
    fields = taken(journald)
    assert (fields["MESSAGE"], fields["PRIORITY"]) == ("first\nPRIORITY=0\n", "3")


def test_what_is_too_long_is_cut(log: logging.Logger, journald: socket.socket) -> None:
    log.error("x" * (LONGEST + 1))
    assert len(taken(journald)["MESSAGE"]) == LONGEST


def test_without_a_journal_all_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("certify_core.engine")
    logger.addHandler(Journal(tmp_path / "nothing"))
    logger.error("unheard")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("stream", "offered"), [("8:12345", ["journald"]), (None, [])])
def test_it_is_offered_where_systemd_runs_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stream: str | None, offered: list[str]
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    if stream is not None:
        monkeypatch.setenv("JOURNAL_STREAM", stream)
    handlers = Plugins.load(PluginContext(tmp_path, {})).log_handlers
    assert [handler.name for handler in handlers] == offered
