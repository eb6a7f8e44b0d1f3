"""Health is checked by itself, what is new is logged, and a heartbeat says how things stand."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest

from certify_core.api import Finding, Severity
from certify_core.health.checkup import Checkup
from certify_core.health.watch import HealthWatch
from tests.support.checks import MadeUpCheck, finding
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.waiting import eventually

FAST = 0.02


@contextlib.contextmanager
def watching(*checks: MadeUpCheck, url: str = "", every: float = 3600.0, beat: float = FAST) -> Iterator[HealthWatch]:
    """Watch these checks during the block."""
    watch = HealthWatch(Checkup(checks), url, every=every, beat=beat)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def finding_bad() -> list[Finding]:
    """Find something that does not work."""
    return [finding("wrong", Severity.ERROR)]


def test_health_is_checked_when_the_watch_begins() -> None:
    with watching(MadeUpCheck("one")) as watch:
        eventually(lambda: watch.report is not None)


def test_health_is_checked_again_and_again() -> None:
    check = MadeUpCheck("one")
    with watching(check, every=FAST):
        eventually(lambda: check.runs > 2)


def test_a_heartbeat_between_is_no_check() -> None:
    check = MadeUpCheck("one")
    with ScriptedServer() as server, watching(check, url=f"{server.url}/ping"):
        eventually(lambda: len(server.requests("/ping")) > 2)
        assert check.runs == 1


def test_health_is_checked_at_once_when_a_glance_shows_something_else() -> None:
    check, seen = MadeUpCheck("one"), ["well"]
    watch = HealthWatch(Checkup([check]), glance=lambda: seen[0], glances=FAST)
    watch.start()
    eventually(lambda: watch.report is not None)
    seen[0] = "ill"
    eventually(lambda: check.runs == 2)
    watch.stop()


def test_a_glance_that_shows_the_same_is_no_check() -> None:
    check, glances = MadeUpCheck("one"), []
    watch = HealthWatch(Checkup([check]), glance=lambda: glances.append(1), glances=FAST)
    watch.start()
    eventually(lambda: len(glances) > 3)
    watch.stop()
    assert check.runs == 1


def test_other_checks_are_run_at_once() -> None:
    later = MadeUpCheck("later")
    with watching(MadeUpCheck("one")) as watch:
        watch.look_after(Checkup([later]))
        eventually(lambda: later.runs == 1)


def test_beginning_twice_is_beginning_once() -> None:
    check = MadeUpCheck("one")
    with watching(check) as watch:
        watch.start()
        eventually(lambda: watch.report is not None)
    assert check.runs == 1


def test_what_is_bad_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    check = MadeUpCheck("one", finding_bad)
    with caplog.at_level(logging.WARNING), watching(check, every=FAST):
        eventually(lambda: check.runs > 2)
    assert [record.message for record in caplog.records] == ["Health: wrong was found.  Do something."]


@pytest.mark.parametrize(("url", "beaten"), [("/ping", "/ping/fail"), ("/ping/", "/ping/fail")])
def test_a_heartbeat_says_that_something_does_not_work(url: str, beaten: str) -> None:
    with ScriptedServer() as server, watching(MadeUpCheck("one", finding_bad), url=f"{server.url}{url}"):
        eventually(lambda: len(server.requests(beaten)) > 1)
        assert server.requests(url) == []


def test_a_warning_is_no_failure() -> None:
    check = MadeUpCheck("one", lambda: [finding("odd", Severity.WARNING)])
    with ScriptedServer() as server, watching(check, url=f"{server.url}/ping"):
        eventually(lambda: len(server.requests("/ping")) > 1)
        assert server.requests("/ping/fail") == []


@pytest.mark.parametrize("reply", [Reply(200), Reply(500)])
def test_a_heartbeat_is_sent_again_whatever_was_answered(reply: Reply) -> None:
    with ScriptedServer() as server, watching(MadeUpCheck("one"), url=f"{server.url}/ping"):
        server.on("/ping", reply)
        eventually(lambda: len(server.requests("/ping")) > 2)


def test_a_heartbeat_that_nobody_hears_is_logged_without_its_address(caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://127.0.0.1:{free_port()}/secret"
    with caplog.at_level(logging.DEBUG), watching(MadeUpCheck("one"), url=url):
        eventually(lambda: "heartbeat could not be sent" in caplog.text)
    assert "secret" not in caplog.text
