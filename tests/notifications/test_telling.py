"""People are told once of what does not work and once that it works again, whatever happens in between."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from certify_core.api import AuthorityUnavailable, Finding, Severity
from certify_core.domain.attempts import Outcome
from certify_core.domain.certificate import ManagedCertificate
from certify_core.engine.events import EventKind, Events
from certify_core.health.checkup import Report
from certify_core.health.notifications import NotificationsCheck
from certify_core.notifications.channels import ChannelKeeper
from certify_core.notifications.delivery import TOO_OLD, Delivery
from certify_core.notifications.teller import WEEK, Teller
from certify_core.store import Store
from tests.notifications.test_channels import paging
from tests.support.notifiers import Pager
from tests.support.stores import DAY, FAILURE, NOW, order_for, wanting
from tests.support.waiting import eventually

FAST = 0.02
FULL = Finding("disk-full", Severity.ERROR, "The disk is full.", "No room.", "Make room.", check="disk")
BEHIND = Finding("clock-off", Severity.WARNING, "The clock is behind.", check="clock")
WELL = Finding("disk", Severity.OK, "There is room on the disk.", check="disk")


@dataclass
class House:
    """Who tells, and what he looks at."""

    store: Store
    keeper: ChannelKeeper
    now: float = NOW
    events: Events = field(default_factory=lambda: Events(lambda: NOW))
    report: Report | None = None
    checks: int = 0

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Have people told during the block."""
        delivery = Delivery(self.store, self.keeper, self.clock, first_pause=FAST)
        teller = Teller(self.store, delivery, lambda: self.report, "web1", self.clock, gather=FAST, look=FAST)
        teller.listen_to(self.events)
        teller.start()
        try:
            yield
        finally:
            teller.stop(30)

    def clock(self) -> float:
        """Return what time it is."""
        return self.now

    def found(self, *findings: Finding) -> None:
        """Have health checked, with this result."""
        self.checks += 1
        self.report = Report(self.now + self.checks, findings, frozenset(item.check for item in findings))

    def fail(self, certificate: ManagedCertificate) -> None:
        """Have an attempt for a certificate fail, as the engine does."""
        order = order_for(certificate)
        self.store.orders.open(order)
        self.store.orders.fail(order, FAILURE, Outcome(NOW + DAY), NOW)
        self.events.publish(certificate.id, EventKind.FAILED, "failed", FAILURE)


def refuse(number: str) -> None:
    """Take no message."""
    raise AuthorityUnavailable("Nobody answers.", "Wait.")


@pytest.fixture
def house(store: Store, keeper: ChannelKeeper) -> House:
    """A channel without summaries, and nothing wrong."""
    keeper.create("ops", paging(summary=False))
    return House(store, keeper)


def test_a_finding_that_is_bad_is_told_with_cause_and_remedy(house: House, pager: Pager) -> None:
    house.found(FULL)
    with house.open():
        pager.wait_for(1)
    assert pager.taken[0][1].text == "ERROR: The disk is full.\nNo room.\n→ Make room."


def test_what_stays_bad_is_told_once_and_what_became_well_is_told_too(house: House, pager: Pager) -> None:
    with house.open():
        house.found(FULL)
        pager.wait_for(1)
        house.found(FULL, BEHIND)
        pager.wait_for(2)
        house.found(WELL, BEHIND)
        told = pager.wait_for(3)
    assert told == ["The disk is full.", "The clock is behind.", "recovered: The disk is full."]


def test_a_restart_tells_nothing_again(house: House, pager: Pager) -> None:
    house.found(FULL)
    with house.open():
        pager.wait_for(1)
    house.found(FULL, BEHIND)
    with house.open():
        told = pager.wait_for(2)
    assert told == ["The disk is full.", "The clock is behind."]


def test_what_could_not_be_sent_is_sent_after_a_restart(house: House, pager: Pager) -> None:
    pager.hindrance = refuse
    house.found(FULL)
    with house.open():
        eventually(lambda: house.store.outbox.counts() == {"ops": 1})
    pager.hindrance = lambda number: None
    with house.open():
        assert pager.wait_for(1) == ["The disk is full."]
    assert house.store.outbox.counts() == {}


def test_a_certificate_that_fails_is_told_soon_with_its_cause(house: House, pager: Pager) -> None:
    certificate = house.store.certificates.create(wanting("app.test"), NOW)
    with house.open():
        house.fail(certificate)
        pager.wait_for(1)
    text = pager.taken[0][1].text
    assert (FAILURE.cause in text, FAILURE.remedy in text, "app.test" in text) == (True, True, True)


def test_very_many_failures_are_few_messages(house: House, pager: Pager) -> None:
    certificates = [house.store.certificates.create(wanting(f"{number}.test"), NOW) for number in range(60)]
    for certificate in certificates:
        house.fail(certificate)
    with house.open():
        assert pager.wait_for(1) == ["60 things need somebody"]


def test_a_channel_that_fails_holds_up_no_other_and_is_a_finding(house: House, pager: Pager) -> None:
    def fail(number: str) -> None:
        if number == "1":
            raise AuthorityUnavailable("Nobody answers.", "Wait.")

    pager.hindrance = fail
    house.keeper.create("second", paging("2", summary=False))
    house.found(FULL)
    with house.open():
        assert pager.wait_for(1, "2") == ["The disk is full."]
        eventually(lambda: house.store.outbox.first("ops").failure is not None)  # type: ignore[union-attr]
    (finding,) = NotificationsCheck(house.store).run()
    assert (finding.code, finding.subject, "Nobody answers." in finding.evidence) == (
        "notification-failing",
        "ops",
        True,
    )


def test_a_channel_that_hangs_holds_up_no_other(house: House, pager: Pager) -> None:
    release = threading.Event()

    def hang(number: str) -> None:
        if number == "1":
            release.wait(60)

    pager.hindrance = hang
    house.keeper.create("second", paging("2", summary=False))
    house.found(FULL)
    with house.open():
        told = pager.wait_for(1, "2")
        release.set()
    assert told == ["The disk is full."]


def test_a_channel_hears_of_nothing_less_bad_than_it_wants(house: House, pager: Pager) -> None:
    house.keeper.create("second", paging("2", summary=False, least="error"))
    house.found(replace(FULL, code="disk-tight", severity=Severity.WARNING, what="It is tight."))
    with house.open():
        pager.wait_for(1)
        house.found(FULL)
        assert pager.wait_for(1, "2") == ["The disk is full."]


def test_a_channel_that_is_disabled_hears_nothing(house: House, pager: Pager) -> None:
    house.keeper.create("second", paging("2", summary=False, enabled=False))
    house.found(FULL)
    with house.open():
        pager.wait_for(1)
    assert (pager.subjects("2"), house.store.outbox.counts()) == ([], {})


def test_what_waits_for_a_channel_is_sent_when_it_is_enabled_again(house: House, pager: Pager) -> None:
    pager.hindrance = refuse
    house.found(FULL)
    with house.open():
        eventually(lambda: house.store.outbox.counts() == {"ops": 1})
    pager.hindrance = lambda number: None
    house.keeper.change("ops", 1, paging(summary=False, enabled=False))
    with house.open():
        house.keeper.create("second", paging("2"))
        pager.wait_for(1, "2")
        assert pager.subjects() == []
        house.keeper.change("ops", 2, paging(summary=False))
        assert pager.wait_for(1) == ["The disk is full."]


def test_a_message_that_could_not_be_sent_for_a_week_is_given_up(house: House, pager: Pager) -> None:
    pager.hindrance = refuse
    house.found(FULL)
    with house.open():
        eventually(lambda: house.store.outbox.counts() == {"ops": 1})
        house.now += TOO_OLD + 1
        eventually(lambda: house.store.outbox.counts() == {})


def test_a_new_channel_gets_a_summary_at_once_and_then_one_a_week(house: House, pager: Pager) -> None:
    house.store.certificates.create(wanting("app.test"), NOW)
    house.keeper.create("boss", paging("3"))
    with house.open():
        assert pager.wait_for(1, "3") == ["all is well"]
        house.now += WEEK
        assert pager.wait_for(2, "3") == ["all is well", "all is well"]
    assert "1 managed certificates: 1 waiting." in pager.taken[0][1].text


def test_a_summary_names_what_is_not_over(house: House, pager: Pager) -> None:
    house.found(FULL)
    house.keeper.create("boss", paging("3"))
    with house.open():
        pager.wait_for(2, "3")
    (last,) = [message for number, message in pager.taken if number == "3" and "1 thing" in message.subject]
    assert "→ Make room." in last.text
